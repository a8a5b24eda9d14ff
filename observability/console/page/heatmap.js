/** Draws a histogram over time: a column for each step, a cell for each bucket, darker where more calls fell into it. */
import { baseOptions, uPlot } from './chart.js';
import { colour, h } from './dom.js';
import { format } from './format.js';
import { seriesOf, timesOf } from './series.js';

/** The edge of a bucket. @param {string} le */
const edge = (le) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));

/** Buckets count what is at most their edge: what lies between two is the difference. @param {any} panel @param {any} data */
function cellsOf(panel, data) {
  const buckets = seriesOf(panel, data)
    .map(({ metric, values }) => ({ top: edge(metric['le'] ?? ''), values }))
    .sort((a, b) => a.top - b.top);
  const rows = buckets.map(({ top, values }, i) => ({
    top,
    counts: values.map((value, at) =>
      Math.max(0, (value ?? 0) - (buckets[i - 1]?.values[at] ?? 0)),
    ),
  }));
  const isUsed = (/** @type {{ counts: number[] }} */ { counts }) =>
    counts.some((count) => count > 1e-9);
  const first = rows.findIndex(isUsed);
  return first < 0 ? [] : rows.slice(Math.max(0, first - 1), rows.findLastIndex(isUsed) + 2);
}

/** @param {any} u @param {any[]} rows @param {number[]} times @param {number} step @param {number} most */
function drawCells(u, rows, times, step, most) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour('orange');
  rows.forEach(({ counts }, i) => {
    const top = u.valToPos(i + 1, 'y', true);
    const height = u.valToPos(i, 'y', true) - top - 1;
    counts.forEach((/** @type {number} */ count, /** @type {number} */ at) => {
      if (count <= 1e-9) return;
      const x = u.valToPos((times[at] ?? 0) - step, 'x', true);
      // By the root, so that a few calls are seen beside many.
      ctx.globalAlpha = 0.12 + 0.88 * Math.sqrt(count / most);
      const width = u.valToPos(times[at], 'x', true) - x;
      // A gap between narrow cells would be most of what is seen.
      ctx.fillRect(x, top, width > 6 ? width - 1 : width + 0.5, height);
    });
  });
  ctx.restore();
}

/** @param {any} panel @param {any[]} rows */
function words({ title, options }, rows) {
  const unit = options?.yAxis?.unit;
  const total = (/** @type {any} */ row) =>
    row.counts.reduce((/** @type {number} */ sum, /** @type {number} */ n) => sum + n, 0);
  const fullest = rows.toSorted((a, b) => total(b) - total(a))[0];
  return `${title}, as a heat map. The fullest bucket ends at ${format(fullest.top, unit)}`;
}

/**
 * @param {HTMLElement} host is emptied
 * @param {any} panel
 * @param {any} data
 * @returns {(() => void) | undefined} what takes it away; undefined when there is nothing to draw
 */
export function drawHeatmap(host, panel, data) {
  const rows = cellsOf(panel, data);
  if (rows.length === 0) return undefined;
  const unit = panel.options?.yAxis?.unit;
  const most = Math.max(...rows.flatMap(({ counts }) => counts));
  const times = timesOf(data);
  const picture = h('div', { role: 'img', 'aria-label': words(panel, rows) });
  host.replaceChildren(
    picture,
    h(
      'p',
      { class: 'quiet' },
      `The darkest cell: ${format(most, 'short')} in ${format(data.rateIntervalS, 's')}.`,
    ),
  );
  const { axis, time, ...base } = baseOptions(host.clientWidth);
  const every = Math.ceil(rows.length / 9);
  const plot = new uPlot(
    {
      ...base,
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      scales: { y: { range: () => [0, rows.length] } },
      axes: [
        time,
        {
          ...{ ...axis, size: 62 },
          splits: () => rows.map((_, i) => i + 1).filter((i) => i % every === 0),
          values: (/** @type {any} */ _, /** @type {number[]} */ at) =>
            at.map((i) => format(rows[i - 1]?.top ?? 0, unit)),
        },
      ],
      hooks: { draw: [(/** @type {any} */ u) => drawCells(u, rows, times, data.step, most)] },
    },
    [times, times.map(() => null)],
    picture,
  );
  return () => plot.destroy();
}

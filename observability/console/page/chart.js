/** Draws series over time with uPlot: a line or a stack for each, thresholds, and the events of the dashboard. */
import { colour, h } from './dom.js';
import { clock, DAY_S, date, format } from './format.js';
import { nowOf, timesOf } from './series.js';

/** @type {any} */
export const uPlot = /** @type {any} */ (globalThis).uPlot;
export const HEIGHT = 190;
const DARK = matchMedia('(prefers-color-scheme: dark)');
const PALETTES = {
  light: [
    '#1f78b4',
    '#b15928',
    '#2f8a3a',
    '#8a4fbf',
    '#c0282d',
    '#0f8b8d',
    '#a0790a',
    '#c2408f',
    '#4d5b6b',
    '#6b8e23',
    '#d9622b',
    '#3949ab',
  ],
  dark: [
    '#6cb4f0',
    '#f0a04b',
    '#6fd08c',
    '#c09bf0',
    '#ff8a8a',
    '#5fd0d0',
    '#e6c65a',
    '#f08bc8',
    '#a9b5c4',
    '#b5d46a',
    '#ff9e6b',
    '#8c9eff',
  ],
};
const LOG = 3;

/** @param {number} i */
function paint(i) {
  const palette = DARK.matches ? PALETTES.dark : PALETTES.light;
  return palette[i % palette.length] ?? '';
}

/** Calls back when the reader changes between light and dark. @param {() => void} redraw @returns {() => void} what ends it */
export function onTheme(redraw) {
  DARK.addEventListener('change', redraw);
  return () => DARK.removeEventListener('change', redraw);
}

/** Whether the same time of day comes twice. @param {number[]} ends seconds */
const hasDays = ([from = 0, to = 0]) => to - from >= DAY_S;

/** What every chart has: axes in the page's colours, and a cursor that all charts share. */
export function baseOptions(/** @type {number} */ width) {
  const stroke = colour('quiet');
  const grid = { stroke: colour('grid'), width: 1 };
  const axis = { stroke, grid, ticks: grid, font: '11px system-ui, sans-serif' };
  return {
    ...{ width, height: HEIGHT, legend: { show: false }, axis },
    cursor: { sync: { key: 'console' }, drag: { x: false, y: false } },
    time: {
      ...axis,
      incrs: TIME_STEPS,
      // A date takes more room than a time.
      space: (/** @type {any} */ _, /** @type {number} */ __, ...ends) =>
        hasDays(ends) ? 110 : 50,
      values: (/** @type {any} */ u, /** @type {number[]} */ at) =>
        at.map((t) => (hasDays([u.scales.x.min, u.scales.x.max]) ? date(t) : clock(t).slice(0, 5))),
    },
  };
}

/** @param {any} options @param {any[]} lines */
function rangeOf({ min, max, isLog }, lines) {
  return (
    /** @type {any} */ _,
    /** @type {number | null} */ low,
    /** @type {number | null} */ high,
  ) => {
    if (low === null || high === null) return isLog ? [0.001, 1] : [min ?? 0, max ?? 1];
    if (isLog) return uPlot.rangeLog(low, high, 10, false);
    const values = [low, high, ...lines.map(({ value }) => value)];
    const [least, most] = [Math.min(...values), Math.max(...values)];
    // A flat line stands in the middle, and one at zero at the bottom.
    const room = least === most ? Math.abs(least) || 1 : 0;
    const [from, to] = uPlot.rangeNum(least - (least === 0 ? 0 : room), most + room, 0.1, true);
    return [min ?? from, max ?? to];
  };
}

/** @param {any} u @param {number[]} from canvas pixels @param {number[]} to @param {string} stroke @param {number[]} dash */
function line(u, [fromX = 0, fromY = 0], [toX = 0, toY = 0], stroke, dash) {
  const { ctx } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  ctx.beginPath();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash);
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
  ctx.restore();
}

/** @param {any} u @param {any[]} lines thresholds @param {any[]} marks events */
export function drawOver(u, lines, marks) {
  const { left, top, width, height } = u.bbox;
  for (const { value, color } of lines) {
    const y = u.valToPos(value, 'y', true);
    line(u, [left, y], [left + width, y], colour(color), [6, 4]);
  }
  for (const { time } of marks) {
    const x = u.valToPos(time, 'x', true);
    line(u, [x, top], [x, top + height], colour('orange'), [2, 3]);
  }
}

/** Sums up from the first to the last, as stacked areas are drawn; a gap of all is a gap. @param {(number | null)[][]} rows */
function stacked(rows) {
  /** @type {(number | null)[]} */
  const sums = (rows[0] ?? []).map((_, i) => (rows.some((row) => row[i] !== null) ? 0 : null));
  return rows.map((row) =>
    row.map((value, i) => {
      const sum = sums[i] ?? null;
      if (sum !== null) sums[i] = sum + (value ?? 0);
      return sums[i] ?? null;
    }),
  );
}

/** Steps of the axis of time, seconds: none below a minute, as its words have no seconds. */
const TIME_STEPS = [
  60,
  120,
  300,
  600,
  900,
  1_800,
  3_600,
  7_200,
  14_400,
  21_600,
  43_200,
  DAY_S,
  2 * DAY_S,
  4 * DAY_S,
];

/** Steps of an axis that read well in their unit. @type {Record<string, number[]>} */
const STEPS = {
  bytes: Array.from({ length: 50 }, (_, i) => 2 ** i),
  s: [
    ...[1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1].flatMap((size) => [size, 2 * size, 5 * size]),
    ...[10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 43_200],
    ...Array.from({ length: 16 }, (_, i) => 86_400 * 2 ** i),
  ],
};

/** The axis of values, as wide as its words. @param {any} axis @param {string | undefined} unit */
function valueAxis(axis, unit) {
  const words = (/** @type {any} */ _, /** @type {any[]} */ at) =>
    at.map((value) => (value === null ? '' : format(value, unit)));
  const size = (/** @type {any} */ _, /** @type {string[] | null} */ texts) =>
    20 + 6.3 * Math.max(4, ...(texts ?? []).map((text) => text.length));
  return { ...axis, size, values: words, ...(unit && STEPS[unit] && { incrs: STEPS[unit] }) };
}

/** What of the panel's definition matters here. @param {any} panel */
function specOf({ fieldConfig }) {
  const { unit, decimals, min, max, thresholds, custom = {} } = fieldConfig?.defaults ?? {};
  const steps = (thresholds?.steps ?? []).filter((/** @type {any} */ step) => step.value !== null);
  return {
    ...{ unit, decimals, min, max },
    isLog: custom.scaleDistribution?.type === 'log',
    isStacked: custom.stacking?.mode === 'normal',
    fill: (custom.fillOpacity ?? 0) / 100,
    width: custom.lineWidth ?? 1,
    lines: custom.thresholdsStyle?.mode === 'line' ? steps : [],
  };
}

/** @param {string} hex @param {number} alpha */
function veil(hex, alpha) {
  return (
    hex +
    Math.round(alpha * 255)
      .toString(16)
      .padStart(2, '0')
  );
}

/** The legend, whose values follow the cursor. @param {any[]} series @param {any} spec */
function legendOf(series, { unit, decimals }) {
  const values = series.map(() => h('b'));
  const items = series.map(({ name }, i) => {
    const swatch = h('i', { 'aria-hidden': 'true' });
    swatch.style.background = paint(i);
    return h('li', {}, swatch, name, values[i]);
  });
  // What is always zero is named last.
  const isZero = series.map((each) => each.values.every((/** @type {any} */ value) => !value));
  const order = [...items.filter((_, i) => !isZero[i]), ...items.filter((_, i) => isZero[i])];
  const show = (/** @type {number | null | undefined} */ at) =>
    series.forEach((each, i) => {
      const value = at === null || at === undefined ? nowOf(each.values) : each.values[at];
      values[i].textContent =
        value === null || value === undefined ? '–' : format(value, unit, decimals);
    });
  show(undefined);
  return { element: h('ul', { class: 'legend' }, ...order), show };
}

/** What a screen reader says of the picture. @param {string} title @param {any[]} series @param {any} spec */
function words(title, series, { unit, decimals }) {
  const last = series
    .toSorted((a, b) => (nowOf(b.values) ?? 0) - (nowOf(a.values) ?? 0))
    .slice(0, 12)
    .map(({ name, values }) => `${name} ${format(nowOf(values) ?? Number.NaN, unit, decimals)}`);
  return `${title}, over time. Now: ${last.join('; ')}`;
}

/**
 * @param {HTMLElement} host is emptied
 * @param {any} panel
 * @param {any} data
 * @param {any[]} series
 * @param {any[]} marks
 * @returns {() => void} what takes the chart away
 */
export function drawChart(host, panel, data, series, marks) {
  const spec = specOf(panel);
  const legend = legendOf(series, spec);
  const picture = h('div', { role: 'img', 'aria-label': words(panel.title, series, spec) });
  host.replaceChildren(picture, legend.element);
  const { axis, time, ...base } = baseOptions(host.clientWidth);
  const rows = series.map(({ values }) => values);
  const drawn = spec.isStacked ? stacked(rows) : rows;
  const lineOf = (/** @type {any} */ each, /** @type {number} */ i) => ({
    ...{ label: each.name, stroke: paint(i), width: spec.width },
    // Of a stack only the lowest reaches down to zero; the others are bands.
    ...((!spec.isStacked || i === 0) && { fill: veil(paint(i), spec.fill) }),
    points: { size: 4 },
  });
  const plot = new uPlot(
    {
      ...base,
      series: [{}, ...series.map(lineOf)],
      scales: { y: { distr: spec.isLog ? LOG : 1, range: rangeOf(spec, spec.lines) } },
      axes: [time, valueAxis(axis, spec.unit)],
      bands: spec.isStacked
        ? series.map((_, i) => ({ series: [i + 1, i], fill: veil(paint(i), spec.fill) })).slice(1)
        : [],
      hooks: {
        draw: [(/** @type {any} */ u) => drawOver(u, spec.lines, marks)],
        setCursor: [(/** @type {any} */ u) => legend.show(u.cursor.idx)],
      },
    },
    [timesOf(data), ...drawn],
    picture,
  );
  return () => plot.destroy();
}

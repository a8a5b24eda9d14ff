/** One panel of a dashboard: its title, its picture, and on demand its description and what it asks. */
import { ask, urlOfPart } from './api.js';
import { drawChart, onTheme } from './chart.js';
import { h, link, notice } from './dom.js';
import { drawHeatmap } from './heatmap.js';
import { seriesOf } from './series.js';
import { drawStat, drawTable } from './values.js';

const TALL = new Set(['timeseries', 'heatmap']);
const DRAWN = new Set([...TALL, 'stat', 'table']);

/** @type {Record<string, string>} */
const STORES = { tempo: 'Tempo', loki: 'Loki' };

/** Why a panel is not drawn; undefined if it is. @param {any} panel */
function obstacle({ type, datasource }) {
  if (type === 'text') return undefined;
  if (!DRAWN.has(type)) return `This page cannot draw a panel of type “${type}”; Grafana can.`;
  if (datasource?.type !== 'prometheus') {
    return `This panel asks ${STORES[datasource?.type] ?? 'another store'}, and this page asks Prometheus alone. “Follow it” finds an ID.`;
  }
  return undefined;
}

/** @param {string} base @param {string} uid @param {any} panel @param {[string, string][]} query */
function grafanaUrl(base, uid, panel, query) {
  const range = query.find(([name]) => name === 'range')?.[1] ?? '3600';
  const variables = query.filter(([name]) => name.startsWith('var-'));
  const search = new URLSearchParams([
    ...variables,
    ['from', `now-${range}s`],
    ['to', 'now'],
    ['viewPanel', `panel-${panel.id}`],
  ]);
  return `${base}/d/${encodeURIComponent(uid)}?${search}`;
}

/** @param {any} data @param {any} panel */
function isEmpty(data, panel) {
  return (
    panel.type !== 'heatmap' &&
    data.targets.every((/** @type {any} */ each) => !each.data?.result.length)
  );
}

let count = 0;

/**
 * @param {string} uid of the dashboard
 * @param {any} panel as committed
 * @param {number} [width] of 24 columns
 */
export function createPanel(uid, panel, width = panel.gridPos?.w ?? 12) {
  const titleId = `panel-${++count}`;
  const body = h(
    'div',
    { class: TALL.has(panel.type) ? 'body tall' : 'body' },
    h('p', { class: 'empty' }, 'Loading …'),
  );
  const asked = h('pre');
  const grafana = h('p');
  const about = h(
    'details',
    {},
    h('summary', {}, 'About'),
    h('p', {}, panel.description ?? ''),
    asked,
    grafana,
  );
  const element = h(
    'article',
    { class: `panel w${width}`, 'aria-labelledby': titleId },
    h('h3', { id: titleId }, panel.title),
    body,
    about,
  );
  /** @type {(() => void) | undefined} */
  let destroy;
  /** @type {[any, any[]] | undefined} */
  let last;
  const say = (/** @type {Node} */ node) => {
    destroy?.();
    destroy = undefined;
    body.replaceChildren(node);
  };
  const draw = (/** @type {any} */ data, /** @type {any[]} */ marks) => {
    last = [data, marks];
    const nothing = h('p', { class: 'empty' }, panel.fieldConfig?.defaults?.noValue ?? 'no data');
    const failed = data.targets.find((/** @type {any} */ each) => each.error);
    if (failed) return say(notice(failed.error, true));
    if (isEmpty(data, panel)) return say(nothing);
    destroy?.();
    destroy = undefined;
    if (panel.type === 'timeseries')
      destroy = drawChart(body, panel, data, seriesOf(panel, data), marks);
    else if (panel.type === 'heatmap')
      destroy = drawHeatmap(body, panel, data) ?? void say(nothing);
    else if (!(panel.type === 'stat' ? drawStat : drawTable)(body, panel, data)) say(nothing);
  };
  const redraw = () => last && element.isConnected && draw(...last);
  const forgetTheme = onTheme(redraw);
  const forgetWidth = watchWidth(body, redraw);
  /** Counts what is asked: of two answers only the one to the later question is drawn. */
  let turn = 0;
  const why = obstacle(panel);
  if (why) say(notice(why));
  else if (panel.type === 'text') say(h('pre', { class: 'answer' }, panel.options?.content ?? ''));
  return {
    element,
    /** @param {[string, string][]} query @param {any[]} marks */
    async refresh(query, marks) {
      void urlOfPart('grafana').then((base) =>
        grafana.replaceChildren(
          base
            ? link(grafanaUrl(base, uid, panel, query), 'Open in Grafana')
            : 'Grafana is not there.',
        ),
      );
      if (why || panel.type === 'text') return;
      const mine = ++turn;
      try {
        const data = await ask('panel', [
          ['dashboard', uid],
          ['panel', String(panel.id)],
          ...query,
        ]);
        if (mine !== turn) return;
        asked.textContent = data.targets.map((/** @type {any} */ each) => each.expr).join('\n\n');
        draw(data, marks);
      } catch (error) {
        if (mine !== turn) return;
        last = undefined;
        say(notice(/** @type {Error} */ (error).message, true));
      }
    },
    /** Takes it away for good, with everything that listens. */
    remove() {
      turn++;
      destroy?.();
      forgetTheme();
      forgetWidth();
      element.remove();
    },
  };
}

/** A canvas does not follow the width of the page by itself. @param {HTMLElement} body @param {() => void} redraw @returns {() => void} what ends it */
function watchWidth(body, redraw) {
  let width = 0;
  const observer = new ResizeObserver(([entry]) => {
    const now = Math.round(entry?.contentRect.width ?? 0);
    const isChanged = width !== 0 && now !== 0 && now !== width;
    width = now;
    if (isChanged) redraw();
  });
  observer.observe(body);
  return () => observer.disconnect();
}

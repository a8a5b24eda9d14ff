/** The committed dashboards, panel by panel, from the local Prometheus. */
import { ask } from './api.js';
import { failure, h, renew } from './dom.js';
import { clock, DAY_S, date } from './format.js';
import { createPanel } from './panel.js';
import { poller } from './poll.js';

/** @type {[string, string][]} seconds, and what a reader calls them */
const RANGES = [
  ['300', '5 minutes'],
  ['900', '15 minutes'],
  ['3600', '1 hour'],
  ['10800', '3 hours'],
  ['21600', '6 hours'],
  ['86400', '24 hours'],
  ['604800', '7 days'],
];
const REFRESH_MS = 10_000;
/** A quarter of an hour shows what has just been tried. */
const FIRST_RANGE = '900';

/** The beginnings of an annotation's events, as seconds and words. @param {any} definition @param {any} data @param {number} step */
function marksOf(definition, data, step) {
  return data.result.flatMap((/** @type {any} */ { metric, values = [] }) => {
    const text = definition.titleFormat.replaceAll(
      /\{\{(\w+)\}\}/g,
      (/** @type {string} */ _, /** @type {string} */ label) => metric[label] ?? '',
    );
    if (definition.useValueForTime) {
      const times = values.map((/** @type {any} */ [, value]) => Number(value) / 1_000);
      return [...new Set(times)].map((time) => ({ time, text }));
    }
    const on = values.filter((/** @type {any} */ [, value]) => Number(value) > 0);
    return on
      .filter(([time], i) => i === 0 || time - on[i - 1][0] > 1.5 * step)
      .map(([time]) => ({ time, text }));
  });
}

/** @param {string} label @param {HTMLElement} input */
function labelled(label, input) {
  return h('label', {}, label, input);
}

/** @param {HTMLElement} root */
export function dashboardsSection(root) {
  const select = h('select', {
    onchange: () => (location.hash = `dashboards?uid=${select.value}`),
  });
  const range = h(
    'select',
    { onchange: () => refresh() },
    ...RANGES.map(([value, text]) => h('option', { value, selected: value === FIRST_RANGE }, text)),
  );
  const variables = h('div', { class: 'bar' });
  const description = h('p', { class: 'quiet' });
  const problem = h('div', { role: 'status' });
  const events = h('details', { hidden: true });
  const grid = h('div', { class: 'grid' });
  root.append(
    h('h1', {}, 'Dashboards'),
    h(
      'p',
      {},
      'The committed dashboards of this project, drawn from the local Prometheus. This page is not Grafana.',
    ),
    h('div', { class: 'bar' }, labelled('Dashboard', select), labelled('Range', range), variables),
    ...[description, problem, events, grid],
  );
  /** @type {any} */
  let dashboard;
  /** The dashboard that was asked for last; the answer to an earlier question may come later. */
  let wantedUid = '';
  /** @type {{ element: HTMLElement, refresh: any, remove: () => void, isSeen?: boolean }[]} */
  let panels = [];
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const panel = panels.find(({ element }) => element === target);
        if (!panel) continue;
        const isNew = isIntersecting && !panel.isSeen;
        panel.isSeen = isIntersecting;
        if (isNew) void panel.refresh(query(), marks);
      }
    },
    { rootMargin: '300px' },
  );
  /** @type {any[]} */
  let marks = [];

  /** @returns {[string, string][]} */
  const query = () => [
    ['range', range.value],
    ...[...variables.querySelectorAll('select')]
      .filter(({ value }) => value !== '')
      .map((each) => /** @type {[string, string]} */ ([`var-${each.name}`, each.value])),
  ];

  async function showVariables() {
    const shown = dashboard;
    const wanted = shown.templating.list.filter((/** @type {any} */ each) => each.type === 'query');
    // Each has its place, whichever answer comes first.
    if (!variables.hasChildNodes())
      variables.append(
        ...wanted.map((/** @type {any} */ { name }) => h('div', { 'data-name': name })),
      );
    await Promise.all(
      wanted.map(async (/** @type {any} */ { name, label }) => {
        const values = await ask('values', [
          ['dashboard', shown.uid],
          ['variable', name],
          ...query().filter(([key]) => key !== `var-${name}`),
        ]);
        if (shown !== dashboard) return;
        const old = variables.querySelector(`select[name="${name}"]`);
        const chosen = old?.value ?? '';
        const options = [
          ['', 'All'],
          ...values.map((/** @type {string} */ value) => [value, value]),
        ];
        const choice = old ?? h('select', { name, onchange: () => refresh() });
        choice.replaceChildren(
          ...options.map(([value, text]) =>
            h('option', { value, selected: value === chosen }, text),
          ),
        );
        if (!old)
          variables.querySelector(`[data-name="${name}"]`)?.append(labelled(label ?? name, choice));
      }),
    );
  }

  async function showMarks() {
    const shown = dashboard;
    const { step, annotations } = await ask('annotations', [['dashboard', shown.uid], ...query()]);
    if (shown !== dashboard) return;
    const definitions = shown.annotations?.list ?? [];
    marks = annotations
      .flatMap((/** @type {any} */ { name, data }) =>
        marksOf(
          definitions.find((/** @type {any} */ each) => each.name === name),
          data,
          step,
        ),
      )
      .sort((/** @type {any} */ a, /** @type {any} */ b) => b.time - a.time);
    events.hidden = marks.length === 0;
    const written = Number(range.value) >= DAY_S ? date : clock;
    const items = marks
      .slice(0, 50)
      .map(({ time, text }) => h('li', {}, `${written(time)} ${text}`));
    const summary = events.querySelector('summary') ?? h('summary');
    summary.textContent = `${marks.length} ${marks.length === 1 ? 'event' : 'events'} in this range, marked as dotted lines`;
    events.replaceChildren(summary, h('ul', {}, ...items));
  }

  async function refresh() {
    const shown = dashboard;
    if (!shown) return;
    try {
      await showVariables();
      await showMarks();
      problem.replaceChildren();
    } catch (error) {
      if (shown === dashboard) renew(problem, failure(error));
    }
    if (shown !== dashboard) return;
    await Promise.all(
      panels.filter(({ isSeen }) => isSeen).map((each) => each.refresh(query(), marks)),
    );
  }

  /** @param {string} uid */
  async function open(uid) {
    wantedUid = uid;
    select.value = uid;
    if (dashboard?.uid === uid) return;
    const found = await ask('dashboard', { dashboard: uid });
    if (wantedUid !== uid) return;
    dashboard = found;
    description.textContent = dashboard.description;
    seen.disconnect();
    variables.replaceChildren();
    for (const each of panels) each.remove();
    panels = [];
    const items = dashboard.panels.map((/** @type {any} */ panel) => {
      if (panel.type === 'row') return h('h2', { class: 'row' }, panel.title);
      const made = createPanel(uid, panel);
      panels.push(made);
      return made.element;
    });
    grid.replaceChildren(h('h2', { class: 'unseen' }, dashboard.title), ...items);
    grid.setAttribute('data-uid', uid);
    for (const { element } of panels) seen.observe(element);
  }

  const polled = poller(refresh, () => REFRESH_MS);
  return {
    /** @param {URLSearchParams} wanted */
    async open(wanted) {
      try {
        if (select.options.length === 0) {
          const all = await ask('dashboards');
          select.append(
            ...all.map((/** @type {any} */ { uid, title }) => h('option', { value: uid }, title)),
          );
        }
        await open(wanted.get('uid') ?? dashboard?.uid ?? select.options[0].value);
      } catch (error) {
        problem.replaceChildren(failure(error));
      }
      polled.start();
    },
    leave: () => polled.stop(),
  };
}

/** Whether users are fine, at one look: the objectives, what fires, and the panels that say why. */
import { ask } from './api.js';
import { failure, h, link, renew, table } from './dom.js';
import { ago, format } from './format.js';
import { createPanel } from './panel.js';
import { poller } from './poll.js';

const REFRESH_MS = 5_000;
/** The panels, by the title that they have in their dashboard, and their width in columns. @type {[string, string, number][]} */
export const PANELS = [
  ['claude-objectives', 'Are users fine?', 8],
  ['claude-objectives', 'Success', 4],
  ['claude-objectives', 'P99 latency', 4],
  ['claude-objectives', 'Error budget left', 4],
  ['claude-calls', 'Circuits', 4],
  ['claude-calls', 'Calls by outcome', 12],
  ['claude-objectives', 'P99 latency against its target', 12],
  ['claude-calls', 'First event, first token, first visible text: P99', 12],
  ['claude-calls', 'Calls in flight', 12],
  ['claude-objectives', 'Burn rate', 12],
  ['claude-objectives', 'Budget left', 12],
  ['claude-calls', 'Keys and their states', 24],
];
const RANGE = '900';

/** @param {any[]} objectives */
function objectivesTable(objectives) {
  const share = (/** @type {number | undefined} */ value) =>
    value === undefined ? 'no calls yet' : format(value, 'percentunit', 1);
  return table(
    'Objectives',
    ['Objective', 'Promised over 30 days', 'Budget left', 'Burn rate of the last hour'],
    objectives.map(({ name, promise, budgetLeft, burn }) => [
      name.replace('_', ' '),
      promise,
      share(budgetLeft),
      burn === undefined ? 'no calls in this hour' : `${format(burn)} ×`,
    ]),
  );
}

/** The most urgent first. */
const SEVERITIES = ['page', 'critical', 'ticket'];
/** @param {{ severity: string }} alert */
const rank = ({ severity }) => SEVERITIES.indexOf(severity) + 1 || SEVERITIES.length + 1;

/** @param {any[]} alerts */
function alertsList(alerts) {
  if (alerts.length === 0) return h('p', {}, 'Prometheus has loaded no alerts.');
  const firing = alerts.filter(({ name, state }) => state === 'firing' && name !== 'Watchdog');
  const pending = alerts.filter(({ state }) => state === 'pending').length;
  const waiting = pending === 0 ? '' : ` ${pending} ${pending === 1 ? 'is' : 'are'} pending.`;
  if (firing.length === 0) return h('p', {}, `No alert fires.${waiting}`);
  const rows = firing
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap(({ name, severity, runbook, active }) =>
      active
        .filter((/** @type {any} */ each) => each.state === 'firing')
        .map((/** @type {any} */ each) => [
          name,
          severity,
          each.summary,
          h('span', { class: 'nowrap' }, ago(each.activeAt)),
          runbook ? link(runbook, `Runbook of ${name}`) : 'none',
        ]),
    );
  const list = table(
    'Firing alerts',
    ['Alert', 'Severity', 'What it says', 'Active for', 'What to do'],
    rows,
  );
  return waiting ? h('div', {}, list, h('p', {}, waiting)) : list;
}

/** @param {HTMLElement} root */
export function usersSection(root) {
  const problem = h('div', { role: 'status' });
  const alerts = h('div');
  const objectives = h('div');
  const grid = h('div', { class: 'grid' });
  root.append(
    h('h1', {}, 'Are users fine?'),
    h(
      'p',
      {},
      'What callers see of the service: the objectives, how much of their error budgets is left, and what fires.',
    ),
    ...[problem, grid],
  );
  /** @type {ReturnType<typeof createPanel>[]} */
  let panels = [];

  async function make() {
    const uids = [...new Set(PANELS.map(([uid]) => uid))];
    const all = await Promise.all(uids.map((uid) => ask('dashboard', { dashboard: uid })));
    panels = PANELS.flatMap(([uid, title, width]) => {
      const dashboard = all.find((each) => each.uid === uid);
      const panel = dashboard?.panels.find((/** @type {any} */ each) => each.title === title);
      return panel ? [createPanel(uid, panel, width)] : [];
    });
    const [first = [], rest = []] = [panels.slice(0, 5), panels.slice(5)];
    grid.append(
      h('h2', { class: 'unseen' }, 'Now'),
      ...first.map(({ element }) => element),
      h(
        'div',
        { class: 'row' },
        h('h2', {}, 'Firing alerts'),
        alerts,
        h('h2', {}, 'Objectives'),
        objectives,
        h(
          'p',
          { class: 'quiet' },
          'At a burn rate of 1 × the error budget lasts exactly its 30 days.',
        ),
      ),
      ...rest.map(({ element }) => element),
    );
  }

  async function refresh() {
    try {
      if (panels.length === 0) await make();
      const drawn = panels.map((panel) => panel.refresh([['range', RANGE]], []));
      const [firing, promised] = await Promise.all([ask('alerts'), ask('objectives')]);
      renew(alerts, alertsList(firing));
      renew(objectives, objectivesTable(promised));
      renew(problem);
      await Promise.all(drawn);
    } catch (error) {
      // What was true a moment ago would look as if it still were.
      for (const each of [alerts, objectives]) renew(each, h('p', {}, 'Not known.'));
      renew(problem, failure(error));
    }
  }

  const polled = poller(refresh, () => REFRESH_MS);
  return { open: () => polled.start(), leave: () => polled.stop() };
}

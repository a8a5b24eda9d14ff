/** The committed dashboards keep the rules of dashboard-linter, and each rule finds what it is there to find. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOKI, PROMETHEUS } from '../dashboards/data-sources.ts';
import { committedDashboards, type Dashboard, type Panel, type Variable } from './committed.ts';
import { DASHBOARD_RULES } from './dashboard-rules.ts';
import { EXCEPTIONS, type Exception } from './exceptions.ts';

const dashboards = committedDashboards();

const excuses = (exception: Exception, rule: string, file: string, line: string) =>
  exception.rule === rule && exception.dashboard === file && line.includes(exception.where);

for (const { name, demands, check } of DASHBOARD_RULES) {
  for (const { file, dashboard } of dashboards) {
    test(`${file} keeps ${name}: ${demands}`, () => {
      const isExcused = (line: string) =>
        EXCEPTIONS.some((exception) => excuses(exception, name, file, line));
      assert.deepEqual(
        check(dashboard).filter((line) => !isExcused(line)),
        [],
      );
    });
  }
}

test('the exceptions to the rules are all needed', () => {
  const broken = DASHBOARD_RULES.flatMap(({ name, check }) =>
    dashboards.flatMap(({ file, dashboard }) =>
      check(dashboard).map((line) => ({ name, file, line })),
    ),
  );
  const idle = EXCEPTIONS.filter(
    (exception) => !broken.some(({ name, file, line }) => excuses(exception, name, file, line)),
  );
  assert.deepEqual(idle, []);
});

const choice = (name: string): Variable => ({
  type: 'query',
  name,
  multi: true,
  includeAll: true,
  allValue: '.+',
  refresh: 2,
  query: { query: `label_values(up, ${name})` },
});

const GOOD_PANEL: Panel = {
  id: 1,
  type: 'timeseries',
  title: 'Calls',
  description: 'How many.',
  gridPos: { x: 0, y: 0, w: 12, h: 8 },
  datasource: PROMETHEUS,
  fieldConfig: { defaults: { unit: 'reqps' } },
  targets: [
    {
      datasource: PROMETHEUS,
      expr: 'sum(rate(calls_total{job=~"$job",instance=~"$instance"}[$__rate_interval]))',
    },
  ],
};
const GOOD: Dashboard = {
  uid: 'sample',
  title: 'Sample',
  schemaVersion: 42,
  editable: false,
  tags: [],
  panels: [GOOD_PANEL],
  templating: {
    list: [
      { type: 'datasource', name: 'datasource', label: 'Data Source', query: 'prometheus' },
      choice('job'),
      choice('instance'),
    ],
  },
  annotations: {},
};

const withPanel = (changes: Partial<Panel>): Dashboard => ({
  ...GOOD,
  panels: [{ ...GOOD_PANEL, ...changes }],
});
const withExpr = (expr: string) => withPanel({ targets: [{ datasource: PROMETHEUS, expr }] });
const withLogQl = (expr: string) =>
  withPanel({ datasource: LOKI, targets: [{ datasource: LOKI, expr }] });
const withVariable = (name: string, changes: Partial<Variable>): Dashboard => ({
  ...GOOD,
  templating: {
    list: (GOOD.templating.list ?? []).map((v) => (v.name === name ? { ...v, ...changes } : v)),
  },
});
const CHOSEN = 'job=~"$job",instance=~"$instance"';

/** For each rule, dashboards that break it and nothing else that it looks at. */
const BROKEN: Readonly<Record<string, readonly Dashboard[]>> = {
  'template-datasource': [
    withVariable('datasource', { name: 'prometheus' }),
    withVariable('datasource', { label: 'Prometheus' }),
    withVariable('job', { type: 'datasource', query: 'prometheus' }),
    withVariable('job', { type: 'datasource', name: 'logs', query: 'loki' }),
    { ...GOOD, templating: {} },
  ],
  'template-job': [withVariable('job', { multi: false }), withVariable('job', { name: 'jobs' })],
  'template-instance': [
    withVariable('instance', { allValue: '.*' }),
    withVariable('instance', { includeAll: false }),
  ],
  'template-label-promql': [
    withVariable('job', { query: { query: 'label_values(up{job=}, job)' } }),
    withVariable('job', { query: 'metrics(up)' }),
  ],
  'template-on-time-change-reload': [withVariable('job', { refresh: 1 })],
  'panel-datasource': [
    withPanel({ datasource: { type: 'prometheus', uid: 'P1809F7CD0C75ACF3' } }),
    withPanel({ targets: [{ datasource: { type: 'prometheus', uid: 'prometheus' }, expr: 'up' }] }),
  ],
  'panel-title-description': [withPanel({ title: '' }), withPanel({ description: '' })],
  'panel-units': [
    withPanel({ fieldConfig: { defaults: {} } }),
    withPanel({ fieldConfig: { defaults: { unit: 'calls' } } }),
  ],
  'panel-no-targets': [withPanel({ targets: [] })],
  'target-promql': [withExpr('sum(rate(calls_total[1m])'), withExpr('')],
  'target-logql': [withLogQl('{service_name=~".+"} | id=')],
  'target-logql-auto': [withLogQl('sum(count_over_time({service_name=~".+"}[5m]))')],
  'target-rate-interval': [
    withExpr(`rate(calls_total{${CHOSEN}}[5m])`),
    withExpr(`increase(calls_total{${CHOSEN}}[$__range])`),
  ],
  'target-job': [withExpr('up{instance=~"$instance"}'), withExpr('up{job="$job"}')],
  'target-instance': [withExpr('up{job=~"$job"}'), withExpr(`up{${CHOSEN}} / up{job=~"$job"}`)],
  'target-counter-agg': [withExpr(`sum(calls_total{${CHOSEN}})`)],
  'uneditable-dashboard': [{ ...GOOD, editable: true }],
};

for (const { name, check } of DASHBOARD_RULES) {
  test(`${name}: a dashboard that keeps it passes, and broken ones fail`, () => {
    assert.deepEqual(check(GOOD), []);
    const broken = BROKEN[name] ?? [];
    assert(broken.length > 0, 'no sample');
    for (const sample of broken) assert(check(sample).length > 0, JSON.stringify(sample));
  });
}

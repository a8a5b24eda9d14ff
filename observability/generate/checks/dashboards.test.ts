/** The committed dashboards as a set: where they are found, what they say without data, what they can be copied into. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../../local/paths.ts';
import { slo, thresholds } from '../../slo.ts';
import { dashboardsOf } from '../dashboards/all.ts';
import { committedDashboards, committedRules, committedRunbooks, type Panel } from './committed.ts';
import { expressionsOf } from './expressions.ts';

const { documented, production } = slo.profiles;
const dashboards = committedDashboards();

test('the dashboards have the uids that alerts link to', () => {
  assert.deepEqual(dashboards.map(({ dashboard }) => dashboard.uid).toSorted(), [
    'claude-calls',
    'claude-cost',
    'claude-load-test',
    'claude-objectives',
    'claude-one-id',
    'claude-service',
    'claude-telemetry',
  ]);
  assert.equal(
    dashboards.length,
    Object.keys(dashboardsOf(documented)).length,
    'a file that nobody generates',
  );
});

test('Grafana opens with the objectives', () => {
  const settings = readFileSync(join(ROOT, 'observability/grafana/grafana.ini'), 'utf8');
  const [, home = ''] = /default_home_dashboard_path = \S+\/(\S+)/.exec(settings) ?? [];
  const { dashboard } = dashboards.find(({ file }) => file === home) ?? {};
  assert.equal(dashboard?.uid, 'claude-objectives');
});

/** Panels of numbers, which say in words what no data means. */
const WITH_WORDS = ['stat', 'timeseries', 'table', 'heatmap'];
const steps = (panel: Panel) => panel.fieldConfig?.defaults.thresholds?.steps ?? [];

for (const { file, text, dashboard } of dashboards) {
  const { panels } = dashboard;
  describe(file, () => {
    test('is in the v1 model and needs no import dialogue', () => {
      assert.equal(dashboard.schemaVersion, 42);
      assert(!text.includes('__inputs'));
    });

    test('names no machine and no data source of ours', () => {
      // The local stack's own runbooks are a variable, which `make export` sets for the production profile.
      const copied = text.replaceAll(documented.urls.runbooks, '');
      assert.doesNotMatch(copied, /localhost|127\.0\.0\.1|\/work\/|\/home\//);
      for (const [, uid = ''] of text.matchAll(/"datasource": \{[^}]*"uid": "([^"]+)"/g)) {
        assert.match(uid, /^\$\{(?:\w+_)?datasource\}$/);
      }
    });

    test('panels have either events a second or amounts on their axis', () => {
      for (const { title, type, targets = [] } of panels) {
        // A share, a quantile or a mean of rates is no rate.
        const isRate = ({ expr = '' }) => /\brate\(/.test(expr) && !/ \/ |_quantile/.test(expr);
        const kinds = new Set(targets.map(isRate));
        assert(type !== 'timeseries' || kinds.size < 2, title);
      }
    });

    test('panels have an ID each, do not overlap and lie inside the grid', () => {
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
        assert(x + w <= 24);
        return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
      });
      assert.equal(new Set(cells).size, cells.length);
    });

    test('lines of panels are filled, so that nothing looks forgotten', () => {
      const widths = Map.groupBy(panels, ({ gridPos }) => gridPos.y);
      const short = [...widths].filter(
        ([, line]) => line.reduce((sum, { gridPos }) => sum + gridPos.w, 0) !== 24,
      );
      assert.deepEqual(
        short.map(([, line]) => line.map(({ title }) => title)),
        [],
      );
    });

    test('panels say in one or two sentences what they show, and in words that there is no data', () => {
      for (const { type, title, description = '', fieldConfig } of panels) {
        if (type === 'row') continue;
        assert.match(description, /^[A-Z0-9‘“].*[.]$/, title);
        assert(description.split(/[.?!] /).length <= 3, `${title}: ${description}`);
        if (WITH_WORDS.includes(type)) assert(fieldConfig?.defaults.noValue, title);
      }
    });

    test('every variable is used', () => {
      for (const { name } of dashboard.templating.list ?? []) {
        const uses = text.match(new RegExp(`\\$(?:${name}\\b|\\{${name}[:}])`, 'g')) ?? [];
        assert(uses.length > 0, name);
      }
    });

    test('leads to the other dashboards, with its variables and its time', () => {
      const [link] = dashboard.links ?? [];
      assert.deepEqual([link?.type, link?.tags], ['dashboards', dashboard.tags]);
    });

    test('expressions that divide never divide by nothing', () => {
      for (const { where, language, text: expr } of expressionsOf(dashboard)) {
        if (language !== 'promql' || !/\/ \(sum/.test(expr)) continue;
        assert.match(expr, /> 0\)/, where);
      }
    });
  });
}

test('the limits are those of slo.ts', () => {
  const all = dashboards.flatMap(({ dashboard }) => dashboard.panels.flatMap(steps));
  const values = new Set(all.map(({ value }) => value));
  const { availability, ...timed } = documented.objectives;
  const limits = Object.values(timed).map(({ limitMs }) => limitMs / 1_000);
  const { memoryUsedRatio, priceTableAgeDays, collectorQueueUsedRatio } = thresholds;
  for (const value of [
    ...[availability.goodRatio, ...limits],
    ...[memoryUsedRatio, priceTableAgeDays * 86_400, collectorQueueUsedRatio],
  ]) {
    assert(values.has(value), String(value));
  }
});

test('a profile without an objective for the whole call shows the first token in its place', () => {
  const text = JSON.stringify(dashboardsOf(production)['objectives']);
  assert(text.includes('P99 of the first token'));
  assert(text.includes(`The target is ${production.objectives.first_token.limitMs} ms.`));
  assert(!text.includes('claude_latency') && !text.includes('undefined'), text);
});

test('alerts lead to dashboards that exist', () => {
  const uids = dashboards.map(({ dashboard }) => dashboard.uid);
  const linked = committedRules().flatMap(({ rule }) => rule.annotations?.dashboard_url ?? []);
  assert(linked.length > 50, `${linked.length} alerts`);
  for (const url of linked) assert(uids.includes(/\/d\/([\w-]+)/.exec(url)?.[1] ?? ''), url);
});

test('runbooks name panels that exist', () => {
  const titles = new Map(
    dashboards.map(({ dashboard: { title, panels } }) => [title, panels.map((p) => p.title)]),
  );
  const named = committedRunbooks().flatMap(({ file, text }) =>
    [...text.matchAll(/_(Claude: [^_]+)_ › \*\*([^*]+)\*\*/g)].map(
      ([, dashboard = '', panel = '']) => ({ file, dashboard, panel }),
    ),
  );
  assert(named.length > 100, `${named.length} panels`);
  const gone = named.filter(({ dashboard, panel }) => !titles.get(dashboard)?.includes(panel));
  assert.deepEqual(gone, []);
});

/** The committed dashboards and data sources query only series and labels that exist. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { ROOT } from '../../local/paths.ts';
import { slo } from '../../slo.ts';
import { prometheusName } from '../prometheus-names.ts';
import { EXEMPLAR_METRIC } from '../promql.ts';
import { PROMETHEUS } from './panels.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly noValue?: string };
  };
  readonly targets?: readonly {
    readonly expr?: string;
    readonly query?: string;
    readonly datasource: { readonly uid: string };
  }[];
}
interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly links: readonly { readonly url: string }[];
  readonly panels: readonly Panel[];
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const FOLDER = 'observability/grafana';
const dashboards = globSync(`${FOLDER}/dashboards/*.json`, { cwd: ROOT }).map((file) => ({
  file,
  text: read(file),
  dashboard: JSON.parse(read(file)) as Dashboard,
}));
const sources = parse(read(`${FOLDER}/provisioning/datasources/datasources.yml`)) as {
  readonly datasources: readonly {
    readonly uid: string;
    readonly url: string;
    readonly editable: boolean;
    readonly jsonData: object;
  }[];
};
const uids = sources.datasources.map(({ uid }) => uid);

/** The series of the catalogue, by name, with their labels. */
const series = new Map<string, readonly string[]>([
  // The collector's span_metrics make it (config.yaml).
  [`${EXEMPLAR_METRIC}_bucket`, ['le', 'gen_ai_operation_name', 'claude_outcome', 'span_kind']],
]);
for (const { name, kind, labels } of Object.values(METRICS)) {
  const names = Object.keys(labels).map(prometheusName);
  if (kind === 'histogram') series.set(`${prometheusName(name)}_bucket`, [...names, 'le']);
  else series.set(prometheusName(name), names);
}

const expressions = dashboards.flatMap(({ file, dashboard }) =>
  dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ expr, datasource }) =>
      expr && datasource.uid !== 'loki' ? [{ what: `${file}: ${title}`, expr }] : [],
    ),
  ),
);

test('dashboards: there are two, and queries in them', () => {
  assert.deepEqual(dashboards.map(({ dashboard }) => dashboard.uid).toSorted(), [
    'claude-one-id',
    'claude-targets',
  ]);
  assert(expressions.length >= 10);
});

for (const { what, expr } of expressions) {
  test(`${what}: every series and label exists`, () => {
    const names = [...expr.matchAll(/[a-zA-Z_:][\w:]*(?=[{[])/g)].map(([name]) => name);
    const bare = [...expr.matchAll(/\b(?:claude|gen_ai|traces)_\w+/g)].map(([name]) => name);
    const known = new Set([...series.keys(), ...[...series.values()].flat()]);
    for (const name of [...names, ...bare]) assert(known.has(name), name);
    for (const [, name = '', matchers = ''] of expr.matchAll(/(\w+)\{([^}]*)\}/g)) {
      const labels = [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)/g)].map(([, label]) => label ?? '');
      for (const label of labels) assert(series.get(name)?.includes(label), `${name}: ${label}`);
    }
  });
}

for (const { file, text, dashboard } of dashboards) {
  describe(file, () => {
    const { panels } = dashboard;

    test('is in the v1 model, is not editable in place, and needs no import dialogue', () => {
      assert(dashboard.schemaVersion >= 36);
      assert.equal(dashboard.editable, false);
      assert(!text.includes('__inputs'));
    });

    test('panels have an ID each, do not overlap and lie inside the grid', () => {
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
        assert(x + w <= 24);
        return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
      });
      assert.equal(new Set(cells).size, cells.length);
    });

    test('panels describe what they show, its unit and the meaning of no data', () => {
      for (const { title, description, type, fieldConfig } of panels) {
        assert((description ?? '').length > 10, title);
        if (type !== 'timeseries' && type !== 'stat') continue;
        assert(fieldConfig?.defaults.unit, title);
        assert(fieldConfig.defaults.noValue, title);
      }
    });

    test('data sources are provisioned, or chosen above the dashboard', () => {
      for (const { datasource, targets = [] } of panels) {
        for (const uid of [datasource, ...targets.map((t) => t.datasource)].map((d) => d?.uid)) {
          if (uid !== undefined) assert([PROMETHEUS.uid, ...uids].includes(uid), uid);
        }
      }
    });

    test('links lead to dashboards that exist', () => {
      for (const { url } of dashboard.links) {
        assert(
          dashboards.some((other) => url === `/d/${other.dashboard.uid}`),
          url,
        );
      }
    });
  });
}

test('dashboards: the thresholds are the objectives of slo.ts', () => {
  const { panels } = dashboards.find(({ dashboard }) => dashboard.uid === 'claude-targets')
    ?.dashboard ?? { panels: [] };
  const steps = JSON.stringify(panels.map(({ fieldConfig }) => fieldConfig));
  const { availability, latency, overhead } = slo.profiles.documented.objectives;
  const limits = [availability.goodRatio, latency.limitMs / 1000, overhead.limitMs / 1000];
  for (const value of limits) {
    assert(steps.includes(`"value":${value},`), String(value));
  }
});

describe('data sources', () => {
  test('addresses come from the environment, and cannot be changed in the UI', () => {
    for (const { url, editable } of sources.datasources) {
      assert.match(url, /^\$[A-Z]+_URL$/);
      assert.equal(editable, false);
    }
  });

  test('links between data sources lead to one that exists', () => {
    const text = JSON.stringify(sources);
    for (const [, uid = ''] of text.matchAll(/"datasourceUid":"(\w+)"/g))
      assert(uids.includes(uid));
  });

  test('Grafana’s own variables are escaped, so they are not taken from the environment', () => {
    const text = read(`${FOLDER}/provisioning/datasources/datasources.yml`);
    assert(!/(?<!\$)\$\{/.test(text.replace(/^#.*$/gm, '')));
  });
});

/** The configuration of docs/beyond-one-machine.md in real processes: two clusters, one of them with a pair. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { ask, serviceWithSimulator } from '../../app/testing/observed-service.ts';
import { eventually } from '../../app/testing/poll.ts';
import { ROOT } from '../local/paths.ts';
import {
  RULE_FILES,
  type RunningPrometheus,
  startAlertmanager,
  startPrometheus,
} from './testing-federation.ts';

const page = readFileSync(join(ROOT, 'docs/beyond-one-machine.md'), 'utf8');
const [edge, dropped] = Array.from(page.matchAll(/```yaml\n(.*?)```/gs), ([, text]) =>
  parse(text ?? ''),
);

/** The pods of the two clusters have one address. */
const INSTANCE = '10.0.0.1:9464';
const SUCCESSES = 'claude_api_requests_total{operation="chat",stream="false",outcome="success"}';
const RECORDED = 'job:claude_availability:counted_rate5m';
/** Each cluster has so many calls. */
const CALLS = { 'eu-1': 5, 'us-1': 7 };
type Cluster = keyof typeof CALLS;

/** A service of a cluster, whose calls have ended. @returns where it is scraped, and called */
async function clusterService(t: TestContext, cluster: Cluster) {
  const { service } = await serviceWithSimulator(t);
  const calls = Array.from({ length: CALLS[cluster] }, () => ask(service.url));
  for (const { status } of await Promise.all(calls)) assert.equal(status, 200);
  return { target: new URL(service.metricsUrl).host, url: service.url };
}

interface Edge {
  readonly target: string;
  /** Undefined: the Prometheus does not say who it is. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly writeRelabel?: unknown;
  readonly alertmanager?: string;
}

/** A Prometheus as the page says, that scrapes one service and writes to the store. */
function startEdge(t: TestContext, store: RunningPrometheus, options: Edge) {
  const { target, labels, writeRelabel, alertmanager } = options;
  const job = {
    job_name: 'claude-observatory',
    static_configs: [{ targets: [target] }],
    relabel_configs: [{ target_label: 'instance', replacement: INSTANCE }],
  };
  const write = {
    ...edge.remote_write[0],
    url: `${store.url}/api/v1/write`,
    queue_config: { batch_send_deadline: '500ms' },
    ...(writeRelabel ? { write_relabel_configs: writeRelabel } : {}),
  };
  const alertmanagers = alertmanager ? [{ static_configs: [{ targets: [alertmanager] }] }] : [];
  return startPrometheus(t, {
    global: labels ? { external_labels: { ...edge.global.external_labels, ...labels } } : {},
    rule_files: RULE_FILES,
    scrape_configs: [job],
    remote_write: [write],
    alerting: { ...edge.alerting, alertmanagers },
  });
}

/** Waits until the store has an answer. @returns its samples, by a label */
async function answer(store: RunningPrometheus, expr: string, by: string, count: number) {
  const samples = await eventually(
    async () => {
      const found = await store.query(expr);
      return found.length === count && found;
    },
    { timeoutMs: 60_000 },
  );
  return Object.fromEntries(samples.map(({ labels, value }) => [labels[by] ?? '', value]));
}

/** Samples that the store has refused, as the edges count them. */
async function failedSamples(edges: readonly RunningPrometheus[]): Promise<number> {
  const texts = await Promise.all(
    edges.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
  );
  const values = texts.flatMap((text) =>
    Array.from(
      text.matchAll(/^prometheus_remote_storage_samples_failed_total\{.*\} (\S+)$/gm),
      ([, value]) => Number(value),
    ),
  );
  assert.equal(values.length, edges.length);
  return values.reduce((sum, value) => sum + value, 0);
}

test('remote write: two clusters and a pair do not collide, and a pair is one when it is merged', async (t) => {
  const [store, alertmanager] = await Promise.all([startPrometheus(t, {}), startAlertmanager(t)]);
  const [eu, us] = await Promise.all([clusterService(t, 'eu-1'), clusterService(t, 'us-1')]);
  const shared = { alertmanager: alertmanager.target };
  const edges = await Promise.all([
    startEdge(t, store, {
      ...shared,
      target: eu.target,
      labels: { cluster: 'eu-1', replica: 'a' },
    }),
    startEdge(t, store, {
      ...shared,
      target: eu.target,
      labels: { cluster: 'eu-1', replica: 'b' },
    }),
    startEdge(t, store, {
      ...shared,
      target: us.target,
      labels: { cluster: 'us-1', replica: 'a' },
    }),
  ]);
  await answer(store, `group by (cluster, replica) (${RECORDED})`, 'replica', 3);
  const merged = `sum by (cluster) (max without (replica) (${SUCCESSES}))`;
  assert.deepEqual(await answer(store, merged, 'cluster', 2), CALLS);
  const doubled = await answer(store, `sum by (cluster) (${SUCCESSES})`, 'cluster', 2);
  assert.deepEqual(doubled, { ...CALLS, 'eu-1': 2 * CALLS['eu-1'] });
  assert.equal(await failedSamples(edges), 0);
  const watchdogs = async () => {
    const alerts = await alertmanager.alerts();
    return alerts.filter(({ alertname }) => alertname === 'Watchdog');
  };
  await eventually(async () => (await watchdogs()).some(({ cluster }) => cluster === 'us-1'), {
    timeoutMs: 90_000,
  });
  const all = await eventually(async () => {
    const alerts = await watchdogs();
    return alerts.some(({ cluster }) => cluster === 'eu-1') && alerts;
  });
  assert.deepEqual(all.map(({ cluster, replica }) => [cluster, replica]).toSorted(), [
    ['eu-1', undefined],
    ['us-1', undefined],
  ]);
});

test('remote write: without external labels two clusters write to one series', async (t) => {
  const store = await startPrometheus(t, {});
  const [eu, us] = await Promise.all([clusterService(t, 'eu-1'), clusterService(t, 'us-1')]);
  const edges = await Promise.all([eu, us].map(({ target }) => startEdge(t, store, { target })));
  // Samples of scrapes may fall between those of the other. Rules are evaluated at the same instants, and while one
  // cluster alone has calls, their values differ.
  await eventually(
    async () => {
      await ask(eu.url);
      return (await failedSamples(edges)) > 0;
    },
    { timeoutMs: 60_000 },
  );
  const used = `count(${SUCCESSES} > 0)`;
  assert.equal((await store.query(used))[0]?.value, 1);
  assert.equal((await store.query(`count(${RECORDED})`))[0]?.value, 1);
});

test('remote write: rules at the centre add up the clusters, whose own recordings stay behind', async (t) => {
  const store = await startPrometheus(t, { rule_files: RULE_FILES });
  const [eu, us] = await Promise.all([clusterService(t, 'eu-1'), clusterService(t, 'us-1')]);
  const writeRelabel = dropped.write_relabel_configs;
  await Promise.all([
    startEdge(t, store, { target: eu.target, labels: { cluster: 'eu-1' }, writeRelabel }),
    startEdge(t, store, { target: us.target, labels: { cluster: 'us-1' }, writeRelabel }),
  ]);
  const total = 'sum by (job) (claude_api_requests_total{outcome="success"})';
  await eventually(async () => (await store.query(total))[0]?.value === 12, { timeoutMs: 60_000 });
  await answer(store, RECORDED, 'job', 1);
  const names = 'count by (cluster) ({__name__=~"job:claude_.*"})';
  assert.deepEqual(Object.keys(await answer(store, names, 'cluster', 1)), ['']);
});

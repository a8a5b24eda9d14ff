/** The package's telemetry as another project gets it: the metrics that docs/adoption.md promises, and no secret. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { METRICS } from '../app/telemetry/metric-catalogue.ts';
import { eventually } from '../app/testing/poll.ts';
import { freePort } from '../app/testing/service-process.ts';
import { DEFAULT_KEY, startSimulator } from '../loadtest/simulator/server.ts';
import { seriesName } from '../observability/generate/prometheus-names.ts';
import { ROOT } from '../observability/local/paths.ts';
import { useConsumer } from './testing-consumer.ts';

const OTEL = ['api', 'core', 'resources', 'sdk-metrics', 'semantic-conventions'];
const packages = [...OTEL, 'exporter-prometheus'].map((name) => `@opentelemetry/${name}`);
const consumer = useConsumer(packages);

/** Runs the example until its call has ended. @returns its scrape, and all that it has printed */
async function observe(t: TestContext): Promise<{ scrape: string; printed: string }> {
  const simulator = await startSimulator();
  const port = await freePort();
  const env = { CLAUDE_BASE_URL: simulator.url, CLAUDE_API_KEY: DEFAULT_KEY };
  const child = consumer.it.start('telemetry.ts', { ...env, METRICS_PORT: `${port}` });
  t.after(async () => {
    child.kill('SIGKILL');
    await simulator.close();
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      printed += chunk;
    });
  }
  await eventually(() => printed.includes('"msg":"call"') || child.exitCode !== null);
  assert.equal(child.exitCode, null, printed);
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return { scrape: await response.text(), printed };
}

test('packaged telemetry: a call has its metrics and its log line, and its key is in neither', async (t) => {
  const { scrape, printed } = await observe(t);
  for (const series of [
    'claude_api_requests_total{operation="chat",model="claude-haiku-5-5",stream="true",outcome="success"} 1',
    'claude_api_attempts_total{upstream="direct",outcome="success"} 1',
    'claude_api_circuit_state{upstream="direct",state="closed"} 1',
    'claude_api_errors_total{upstream="direct",error_type="overloaded"} 0',
  ]) {
    assert(scrape.includes(series), series);
  }
  assert.match(printed, /"outcome":"success","caller":"anybody","attempts":1/);
  assert(!(scrape + printed).includes(DEFAULT_KEY));
  const exposed = new Set(Array.from(scrape.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name));
  const missing = Object.values(METRICS)
    .map((metric) => seriesName(metric))
    .filter((name) => !exposed.has(name));
  assert.deepEqual(missing.toSorted(), absentOnThePage());
});

test('packaged telemetry: TypeScript checks the example against its declarations, the declarations too', () => {
  const example = readFileSync(join(ROOT, 'examples/telemetry.ts'), 'utf8');
  assert.equal(consumer.it.typeErrors(example), '');
});

/** The metrics that the page lists as those of the service alone. */
function absentOnThePage(): string[] {
  const page = readFileSync(join(ROOT, 'docs/adoption.md'), 'utf8');
  const [, list = ''] = /<!-- absent -->([\s\S]*?)<!-- \/absent -->/.exec(page) ?? [];
  return Array.from(list.matchAll(/`(\w+)`/g), ([, name = '']) => name).toSorted();
}

/**
 * The service's dollars, as the real Prometheus has them, against the simulator's bill: two derivations of one price.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { postJson } from '../../app/testing/http.ts';
import { eventually } from '../../app/testing/poll.ts';
import { startService } from '../../app/testing/service-process.ts';
import { DEFAULT_KEY, startSimulator } from '../../loadtest/simulator/server.ts';
import { findTool, ROOT } from '../local/paths.ts';
import { type RunningPrometheus, startPrometheus } from '../prometheus/testing-federation.ts';
import { BillReader } from './reader.ts';
import { totalOf } from './reconcile.ts';
import { readBillSettings } from './settings.ts';

const ADMIN_KEY = 'sk-ant-admin01-of-the-simulator';
const HOUR_MS = 3_600_000;
const program = findTool('prometheus');

/** What Prometheus has seen of the service's dollars; undefined while it has not. */
async function seenDollars(prometheus: RunningPrometheus): Promise<number | undefined> {
  const [sum] = await prometheus.query('sum(claude_api_cost_dollars_total)');
  return sum?.value;
}

async function run(child: ChildProcess) {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

test('bill: what the service counts is what the simulator bills, whole and streamed, cached and not', {
  skip: program ? false : 'no Prometheus here',
}, async (t) => {
  const simulator = await startSimulator({ adminKey: ADMIN_KEY, billAheadMs: 2 * HOUR_MS });
  const service = await startService({
    CLAUDE_API_KEY: DEFAULT_KEY,
    CLAUDE_BASE_URL: simulator.url,
    OTEL_TRACES_EXPORTER: 'none',
  });
  t.after(async () => {
    await service.stop();
    await simulator.close();
  });
  const target = new URL(service.metricsUrl).host;
  const job = { job_name: 'service', static_configs: [{ targets: [target] }] };
  const prometheus = await startPrometheus(t, { scrape_configs: [job] });
  // An increase is measured from a first sample, which must be there before the calls.
  await eventually(async () => (await seenDollars(prometheus)) === 0, { timeoutMs: 60_000 });
  const startedMs = Date.now();
  const prompt = 'A long prompt. '.repeat(2_000);
  const cached = [{ type: 'text', text: prompt, cache_control: { type: 'ephemeral' } }];
  for (const model of ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5-20260801']) {
    for (const stream of [false, true]) {
      for (const content of [prompt, cached]) {
        const messages = [{ role: 'user', content }];
        const ask = { model, max_tokens: 64, stream, messages };
        assert.equal((await postJson(`${service.url}/v1/messages`, ask)).status, 200);
      }
    }
  }
  const env = {
    BILL_ADMIN_KEY: ADMIN_KEY,
    BILL_API_URL: simulator.url,
    BILL_PROMETHEUS_URL: prometheus.url,
    BILL_LAG_HOURS: '0',
  };
  const reader = new BillReader(readBillSettings(env));
  // The bill is of whole hours and the calls are of now, so the window ends with an hour that is not over.
  const endMs = (Math.floor(startedMs / HOUR_MS) + 2) * HOUR_MS;
  const window = { startMs: endMs - 3 * HOUR_MS, endMs };
  // An increase takes two scrapes.
  await eventually(async () => (await reader.read(window)) === undefined);
  const billed = totalOf(reader.state.last?.found.models ?? new Map()).list;
  assert(billed > 0);
  await eventually(async () => Math.abs(((await seenDollars(prometheus)) ?? 0) - billed) < 1e-9);
  assert.equal(await reader.read(window), undefined);
  // Prometheus extrapolates an increase by a scrape: at most to the double of these few, and by nothing in a day.
  const { ratio = 0, models } = reader.state.last?.found ?? {};
  assert(ratio > 0.99 && ratio < 2.1, `${ratio}`);
  assert((models?.get('claude-haiku-5-5')?.list ?? 0) > 0);
  const bill = (key: string) =>
    run(
      spawn(process.execPath, ['observability/bill/main.ts'], {
        cwd: ROOT,
        env: { ...env, BILL_ADMIN_KEY: key },
      }),
    );
  const wrong = await bill('sk-ant-admin01-another');
  assert.equal(wrong.code, 1);
  assert.match(wrong.output, /^bill: denied: the cost report answered 401$/m);
  // It compares hours that are over, and in those the service was not there.
  const right = await bill(ADMIN_KEY);
  assert.equal(right.code, 1);
  assert.match(right.output, /^bill: no_series: Prometheus has no claude_api_cost_dollars_total/m);
  for (const { output } of [wrong, right]) assert(!output.includes('sk-ant'));
});

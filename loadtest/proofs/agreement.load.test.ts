/** One run, seen from both ends: what the driver measured, and what the service says of the same calls. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Scrape } from '../../app/testing/samples.ts';
import { slo } from '../../observability/slo.ts';
import { type DrivenService, startDrivenService } from '../lib/driven-service.ts';
import { drive } from '../node-driver/drive.ts';
import { Tally } from '../node-driver/tally.ts';
import { Trend } from '../node-driver/trend.ts';
import { METRIC } from '../scenarios/metrics.ts';
import { BOTH_FORMS, inOrder, steady } from '../scenarios/phases.ts';
import { callsIn, type LoadScenario } from '../scenarios/scenario.ts';
import { MAX_LAG_MS } from '../scenarios/thresholds.ts';

const LIMIT_MS = slo.profiles.documented.objectives.latency.limitMs;
/** By so much the shares may differ, 0 to 1. */
const MAX_SHARE = 0.005;
const TRIES = 5;
/** Of the requests, so many are late by so much: the share within the limit and the P99 then say something. */
const SLOW = { kind: 'slow', probability: 0.05, delayMs: 700, path: '/v1/messages' } as const;

const phases = inOrder([steady('run', 60, 12, { calls: BOTH_FORMS })]);
const SCENARIO: LoadScenario = {
  name: 'agreement',
  question: 'Do both ends agree?',
  phases,
  thresholds: [],
  faults: [{ fromS: 0, untilS: 12, faults: [SLOW] }],
  verdict: 'thresholds',
};

interface Figures {
  readonly calls: number;
  /** The share of good calls within the limit, 0 to 1. */
  readonly within: number;
  /** The upper edge, in seconds, of the bucket in which the P99 lies. */
  readonly p99Bucket: number;
}

function driverFigures(tally: Tally, edges: readonly number[]): Figures & { p99Ms: number } {
  const all = tally.cells.merged([]);
  const durations = all.get(METRIC.durationMs);
  assert(durations instanceof Trend);
  const p99Ms = durations.percentile(0.99);
  return {
    calls: all.get(METRIC.calls)?.values(1)['count'] ?? 0,
    within: durations.shareWithin(LIMIT_MS),
    p99Bucket: edges.find((edge) => p99Ms <= edge * 1000) ?? Number.NaN,
    p99Ms,
  };
}

/** @param before a scrape from before the run, whose calls are not those of the run */
function serverFigures(now: Scrape, before: Scrape): Figures & { edges: readonly number[] } {
  const name = 'claude_api_request_duration_seconds';
  const since = (metric: string, labels = {}) =>
    now.sum(metric, labels) - before.sum(metric, labels);
  const good = { outcome: 'success' };
  const count = since(`${name}_count`, good);
  const edges = Object.keys(now.by('le', `${name}_bucket`))
    .map(Number)
    .filter(Number.isFinite);
  edges.sort((a, b) => a - b);
  const below = (edge: number) => since(`${name}_bucket`, { ...good, le: String(edge) });
  return {
    calls: since('claude_api_requests_total'),
    within: below(LIMIT_MS / 1000) / count,
    p99Bucket: edges.find((edge) => below(edge) >= 0.99 * count) ?? Number.NaN,
    edges,
  };
}

function row(who: string, { calls, within, p99Bucket }: Figures): string {
  const share = `${(100 * within).toFixed(2)} % within ${LIMIT_MS} ms`;
  return `${who} ${calls} calls, ${share}, P99 at most ${p99Bucket} s`;
}

describe('agreement', { concurrency: false }, () => {
  let subject: DrivenService;
  before(async () => {
    subject = await startDrivenService();
  });
  after(() => subject.stop());

  const scrape = async () => new Scrape(await (await fetch(subject.service.metricsUrl)).text());

  async function run(): Promise<Tally> {
    const { service, simulator } = subject;
    const tally = new Tally(phases);
    const settings = { ...{ scenario: SCENARIO, target: service.url, simulator }, tokens: [] };
    await drive({
      settings: { ...settings, paidCalls: undefined },
      tally,
      onCall: () => undefined,
      signal: new AbortController().signal,
    });
    return tally;
  }

  /** Runs until so few calls began late that the driver cannot be what differs. */
  async function calmRun() {
    for (let tries = 1; ; tries++) {
      const before = await scrape();
      const tally = await run();
      const lags = tally.cells.merged([]).get(METRIC.driverLagMs);
      const isCalm = lags instanceof Trend && lags.percentile(1 - MAX_SHARE / 2) < MAX_LAG_MS;
      if (isCalm || tries === TRIES) return { tally, before, now: await scrape(), isCalm };
    }
  }

  test('the driver and the service count the same calls, share within the limit and bucket of the P99', async () => {
    const { tally, before, now, isCalm } = await calmRun();
    assert(isCalm, 'this machine is too busy to measure anything');
    const { edges, ...server } = serverFigures(now, before);
    const { p99Ms, ...driver } = driverFigures(tally, edges);
    console.info(`${row('driver: ', driver)} (${p99Ms.toFixed(0)} ms)\n${row('service:', server)}`);
    const planned = phases.reduce((sum, phase) => sum + callsIn(phase), 0);
    assert.equal(driver.calls, planned);
    assert.equal(server.calls, planned);
    assert(Math.abs(driver.within - server.within) <= MAX_SHARE, 'the shares differ');
    assert.equal(driver.p99Bucket, server.p99Bucket);
    assert(driver.within < 0.99 && driver.p99Bucket > LIMIT_MS / 1000, 'the fault was not felt');
  });
});

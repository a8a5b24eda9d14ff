/**
 * Injects every fault of the simulator under load, into a service with two regions, and measures
 * what callers see, what is lost and how long recovery takes. `make chaos` writes
 * docs/reliability.md; CALLS is the number of calls for each fault, default 10,000.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { eventually } from '../../app/testing/poll.ts';
import { callOnce } from '../lib/call-once.ts';
import { exitOnSignals } from '../lib/children.ts';
import { closedLoop } from '../lib/load.ts';
import {
  SETTINGS,
  type ServiceUnderTest,
  startServiceUnderTest,
  TUNINGS,
  twoRegions,
} from '../lib/service-under-test.ts';
import { FAULT_KINDS, type Fault } from '../simulator/faults.ts';
import { lostCalls, type Row, reliabilityReport } from './report.ts';

const CONCURRENCY = 30;
const REPORT = new URL('../../docs/reliability.md', import.meta.url);

/** Shares of the calls at which the faults are injected and cleared. */
const INJECTED_AT = 0.2;
const CLEARED_AT = 0.8;

interface Scenario {
  readonly name: string;
  readonly where: string;
  readonly faults: readonly Fault[];
}

const inFirst = (fault: Fault): Fault => ({
  ...fault,
  region: 'first',
  retryAfterS: 0,
  delayMs: 1_000,
});

const PAIRS: readonly (readonly [Fault['kind'], Fault['kind']])[] = [
  ['reset', 'slow'],
  ['overloaded', 'stream_cut'],
  ['hang', 'error_500'],
  ['html', 'rate_limited'],
];

const SCENARIOS: readonly Scenario[] = [
  ...FAULT_KINDS.map((kind) => ({
    name: kind,
    where: 'first region, every request',
    faults: [inFirst({ kind })],
  })),
  ...PAIRS.map(([one, other]) => ({
    name: `${one} + ${other}`,
    where: 'first region, half of the requests each',
    faults: [inFirst({ kind: one, probability: 0.5 }), inFirst({ kind: other })],
  })),
  {
    name: 'error_500',
    where: 'both regions, one request in ten',
    faults: [{ kind: 'error_500', probability: 0.1 }],
  },
  { name: 'error_503', where: 'both regions, every request', faults: [{ kind: 'error_503' }] },
];

/** Makes the calls of one scenario and measures the recovery after it. */
async function run(
  { name, where, faults }: Scenario,
  calls: number,
  { simulator, service }: ServiceUnderTest,
  agent: Agent,
): Promise<Row> {
  const requestsBefore = simulator.seen();
  const startedMs = performance.now();
  let cleared = { atMs: 0, unixMs: 0 };
  const ends = await closedLoop({ calls, concurrency: CONCURRENCY }, (n) => {
    if (n === Math.floor(calls * INJECTED_AT)) simulator.setFaults(faults);
    if (n === Math.floor(calls * CLEARED_AT)) {
      simulator.setFaults([]);
      cleared = { atMs: performance.now(), unixMs: Date.now() };
    }
    return callOnce(service.url, n % 2 === 0, agent);
  });
  const perSecond = (calls / (performance.now() - startedMs)) * 1000;
  const attempts = (simulator.seen() - requestsBefore) / calls;
  const failures = ends.filter(({ ok }) => !ok);
  const lastFailureMs = Math.max(cleared.atMs, ...failures.map(({ endedAtMs }) => endedAtMs));
  return {
    name,
    where,
    ends,
    perSecond,
    attempts,
    lastFailureAfterMs: lastFailureMs - cleared.atMs,
    regionBackAfterMs: await firstSuccessMs(cleared.unixMs, { simulator, service }, agent),
  };
}

/**
 * Calls until the first region succeeds.
 * @returns milliseconds after `sinceUnixMs`; -1 if not within 10 s
 */
async function firstSuccessMs(
  sinceUnixMs: number,
  { simulator, service }: Pick<ServiceUnderTest, 'simulator' | 'service'>,
  agent: Agent,
): Promise<number> {
  const limitMs = performance.now() + 10_000;
  while (performance.now() < limitMs) {
    const timesMs = simulator
      .requests()
      .filter(({ region, status }) => region === 'first' && status === 200)
      .map(({ time }) => Date.parse(time));
    const first = timesMs.find((timeMs) => timeMs > sinceUnixMs);
    if (first !== undefined) return first - sinceUnixMs;
    await callOnce(service.url, false, agent);
  }
  return -1;
}

/** Calls until both circuits are closed and slow start is over. */
async function recover(url: string, agent: Agent): Promise<void> {
  await eventually(
    async () => {
      const { upstreams } = (await (await fetch(`${url}/readyz`)).json()) as {
        upstreams: { state: string }[];
      };
      if (upstreams.every(({ state }) => state === 'closed')) return true;
      await callOnce(url, false, agent);
      return false;
    },
    { timeoutMs: 30_000 },
  );
  await delay(TUNINGS.chaos.breaker.slowStartMs + 100);
}

/** Runs every scenario and writes the report. @returns the number of lost calls */
async function chaos(calls: number): Promise<number> {
  const subject = await startServiceUnderTest(
    (url) => ({ ...twoRegions(url), ...SETTINGS.chaos }),
    {
      tuning: TUNINGS.chaos,
    },
  );
  const agent = new Agent({ connections: CONCURRENCY });
  const rows: Row[] = [];
  for (const scenario of SCENARIOS) {
    const row = await run(scenario, calls, subject, agent);
    rows.push(row);
    await recover(subject.service.url, agent);
    // Tens of thousands of log lines would slow this process down.
    subject.service.lines.length = 0;
    process.stdout.write(`${row.name} (${row.where}): ${lostCalls(row.ends)} lost\n`);
  }
  await agent.destroy();
  await subject.stop();
  writeFileSync(REPORT, reliabilityReport(rows, calls));
  return lostCalls(rows.flatMap(({ ends }) => ends));
}

if (import.meta.main) {
  exitOnSignals();
  const lost = await chaos(Number(process.env['CALLS'] || 10_000));
  process.stdout.write(`docs/reliability.md is written; ${lost} calls lost\n`);
  process.exitCode = lost === 0 ? 0 : 1;
}

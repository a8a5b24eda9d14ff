/**
 * Every fault of the simulator against the service with two regions, under load: what callers saw, what
 * was lost, how long it took to be well again. `make chaos` writes docs/reliability.md.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { callOnce, type Seen } from '../lib/call-once.ts';
import { startTwoRegions, type TwoRegions } from '../lib/service-under-test.ts';
import { FAULT_KINDS, type Fault } from '../simulator/faults.ts';
import type { Simulator } from '../simulator/server.ts';
import { type Row, reliabilityPage } from './report.ts';

const CALLS = Number(process.env['CALLS'] || 10_000);
const CALLERS = 30;
const RAMP_MS = 1_000;
const PAGE = new URL('../../docs/reliability.md', import.meta.url);

/** Part of the calls at which the faults come, and go. */
const FROM = 0.2;
const TO = 0.8;

interface Scenario {
  readonly name: string;
  readonly where: string;
  readonly faults: readonly Fault[];
}

const inFirst = (fault: Fault): Fault => ({ ...fault, region: 'first' });
const QUICK = { retryAfterS: 0, delayMs: 1_000 } as const;

const PAIRS: readonly (readonly [Fault['kind'], Fault['kind']])[] = [
  ['reset', 'slow'],
  ['overloaded', 'stream_cut'],
  ['hang', 'error_500'],
  ['html', 'rate_limited'],
];

const SCENARIOS: readonly Scenario[] = [
  ...FAULT_KINDS.map((kind) => ({
    name: kind,
    where: 'first region, all',
    faults: [inFirst({ kind, ...QUICK })],
  })),
  ...PAIRS.map(([one, other]) => ({
    name: `${one} + ${other}`,
    where: 'first region, half each',
    faults: [
      inFirst({ kind: one, probability: 0.5, ...QUICK }),
      inFirst({ kind: other, ...QUICK }),
    ],
  })),
  {
    name: 'error_500',
    where: 'everywhere, one in ten',
    faults: [{ kind: 'error_500', probability: 0.1 }],
  },
  { name: 'error_503', where: 'everywhere, all', faults: [{ kind: 'error_503' }] },
];

/** The defaults but for time, so that the run ends: a tenth, or less. */
const SETTINGS = {
  FIRST_EVENT_TIMEOUT_MS: '500',
  ATTEMPT_TIMEOUT_MS: '500',
  RETRY_BASE_MS: '20',
  IDLE_TIMEOUT_MS: '500',
  BREAKER_WINDOW_MS: '1000',
  BREAKER_OPEN_MS: '500',
  BREAKER_RAMP_MS: String(RAMP_MS),
};

/** When the first region answered well again, milliseconds since the faults went; -1: not seen. */
async function untilBack(simulator: Simulator, clearedAt: number, url: string, agent: Agent) {
  const limitMs = performance.now() + 10_000;
  while (performance.now() < limitMs) {
    const back = simulator
      .requests()
      .find((r) => r.region === 'first' && r.status === 200 && Date.parse(r.time) > clearedAt);
    if (back) return Date.parse(back.time) - clearedAt;
    await callOnce(url, false, agent);
  }
  return -1;
}

/** Each fault meets a first region that has all of its calls again. */
async function settle(url: string, agent: Agent): Promise<void> {
  for (;;) {
    const { upstreams } = (await (await fetch(`${url}/readyz`)).json()) as {
      upstreams: { state: string }[];
    };
    if (upstreams.every(({ state }) => state === 'closed')) break;
    await callOnce(url, false, agent);
  }
  await delay(RAMP_MS + 100);
}

async function run(
  { name, where, faults }: Scenario,
  { simulator, service }: TwoRegions,
  agent: Agent,
): Promise<Row> {
  const seen: Seen[] = [];
  const requestsBefore = simulator.seen();
  const startedMs = performance.now();
  let begun = 0;
  let clearedAt = 0;
  let clearedMs = 0;
  const caller = async () => {
    while (begun < CALLS) {
      begun += 1;
      if (begun === Math.floor(CALLS * FROM)) simulator.setFaults(faults);
      if (begun === Math.floor(CALLS * TO)) {
        simulator.setFaults([]);
        [clearedAt, clearedMs] = [Date.now(), performance.now()];
      }
      seen.push(await callOnce(service.url, begun % 2 === 0, agent));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const perSecond = (CALLS / (performance.now() - startedMs)) * 1000;
  const attempts = (simulator.seen() - requestsBefore) / CALLS;
  const lastBad = Math.max(clearedMs, ...seen.filter((s) => !s.good).map((s) => s.endedMs));
  const backMs = await untilBack(simulator, clearedAt, service.url, agent);
  service.lines.length = 0;
  return { name, where, seen, perSecond, attempts, wellAfterMs: lastBad - clearedMs, backMs };
}

const both = await startTwoRegions(SETTINGS);
const agent = new Agent({ connections: CALLERS });
const rows: Row[] = [];
for (const scenario of SCENARIOS) {
  rows.push(await run(scenario, both, agent));
  await settle(both.service.url, agent);
  const lost = rows.at(-1)?.seen.filter(({ what }) => what === 'lost').length;
  process.stdout.write(`${scenario.name} (${scenario.where}): ${lost} lost\n`);
}
await agent.destroy();
await both.stop();
writeFileSync(PAGE, reliabilityPage(rows, CALLS));
const lost = rows.flatMap(({ seen }) => seen).filter(({ what }) => what === 'lost').length;
process.stdout.write(`docs/reliability.md is written; ${lost} calls lost\n`);
process.exitCode = lost === 0 ? 0 : 1;

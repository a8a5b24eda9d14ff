/** The open loop on a clock of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsIn, type Phase } from '../scenarios/scenario.ts';
import { type Clock, openLoop } from './open-loop.ts';

const PHASE: Phase = {
  name: 'steady',
  startS: 2,
  fromPerSecond: 10,
  maxInFlight: 100,
  counted: true,
  stages: [{ seconds: 3, perSecond: 10 }],
  models: ['claude-haiku-5-5'],
  calls: [{ kind: 'complete', weight: 1 }],
};

/** Time passes only while the loop waits; each wait takes `late` milliseconds longer than asked. */
function fakeClock(late = 0): Clock & { nowMs: number } {
  const clock = {
    nowMs: 1_000,
    now: () => clock.nowMs,
    wait: async (ms: number) => {
      clock.nowMs += ms + late;
    },
  };
  return clock;
}

interface Begun {
  readonly n: number;
  readonly atMs: number;
  readonly lagMs: number;
}

async function run(phase: Phase, clock: Clock & { nowMs: number }, callMs = 0) {
  const begun: Begun[] = [];
  const dropped: number[] = [];
  const { promise: never } = Promise.withResolvers<void>();
  await openLoop({
    phase,
    clock,
    runStartedMs: 1_000,
    signal: new AbortController().signal,
    begin: (n, lagMs) => {
      begun.push({ n, atMs: clock.nowMs - 1_000, lagMs });
      return callMs === 0 ? Promise.resolve() : never;
    },
    drop: (n) => dropped.push(n),
  });
  return { begun, dropped };
}

test('openLoop: calls begin when they are due, from the start of their phase on', async () => {
  const { begun, dropped } = await run(PHASE, fakeClock());
  assert.equal(begun.length, 30);
  assert.equal(begun[0]?.atMs, 2_000);
  for (const [n, { atMs }] of begun.entries()) assert(Math.abs(atMs - 2_000 - 100 * n) < 1e-6);
  assert.deepEqual(dropped, []);
});

test('openLoop: a ramp makes as many calls as the area under its rate, ever closer together', async () => {
  const ramp = { ...PHASE, fromPerSecond: 0, stages: [{ seconds: 10, perSecond: 20 }] };
  const { begun } = await run(ramp, fakeClock());
  assert.equal(begun.length, callsIn(ramp));
  assert.equal(begun.length, 100);
  const gaps = begun.slice(1).map(({ atMs }, i) => atMs - (begun[i]?.atMs ?? 0));
  for (const [i, gap] of gaps.slice(1).entries()) assert(gap <= (gaps[i] ?? 0) + 1e-6);
});

test('openLoop: calls that never end do not hold up those that are due, up to the limit of calls in flight', async () => {
  const { begun, dropped } = await run({ ...PHASE, maxInFlight: 12 }, fakeClock(), 60_000);
  assert.equal(begun.length, 12);
  assert.deepEqual(
    dropped,
    [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  );
});

test('openLoop: a driver that wakes late makes the same calls, and says how late each was', async () => {
  const { begun } = await run(PHASE, fakeClock(250));
  assert.equal(begun.length, 30);
  assert.deepEqual(
    begun.slice(0, 4).map(({ lagMs }) => Math.round(lagMs)),
    [250, 150, 50, 250],
  );
});

test('openLoop: once it is ended no further call begins', async () => {
  const ending = new AbortController();
  const begun: number[] = [];
  await openLoop({
    phase: PHASE,
    clock: fakeClock(),
    runStartedMs: 1_000,
    signal: ending.signal,
    begin: async (n) => {
      begun.push(n);
      if (n === 4) ending.abort();
    },
    drop: () => assert.fail('nothing is in flight'),
  });
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});

/** What a run proves: passed, missed or inconclusive, for each driver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceOf } from '../k6/instances.ts';
import { SCENARIO_NAMES, SCENARIOS } from './all.ts';
import { type DriverName, judgeRun } from './run-verdict.ts';
import { goodMetrics } from './testing-metrics.ts';

const SMOKE = SCENARIOS.smoke({});
const BREAKPOINT = SCENARIOS.breakpoint({ perSecond: 100 });

function verdictOf(changes: Record<string, Record<string, number>>, driver: DriverName = 'node') {
  const { verdict, judged } = judgeRun(SMOKE, goodMetrics(SMOKE, changes), driver);
  const missed = judged.filter(({ ok }) => ok === false).map(({ threshold }) => threshold.metric);
  return [verdict, ...missed];
}

for (const name of SCENARIO_NAMES) {
  test(`verdict: ${name} passes in both drivers when everything was good`, () => {
    const scenario = SCENARIOS[name]({});
    for (const driver of ['k6', 'node'] as const) {
      const { verdict, judged, bottlenecks } = judgeRun(scenario, goodMetrics(scenario), driver);
      const missed = judged.filter(({ ok }) => ok === false);
      assert.deepEqual([verdict, missed, bottlenecks], ['passed', [], []]);
    }
  });

  test(`verdict: ${name} does not pass when nothing was measured`, () => {
    for (const driver of ['k6', 'node'] as const) {
      assert.equal(judgeRun(SCENARIOS[name]({}), {}, driver).verdict, 'missed');
    }
  });
}

test('verdict: a missed target is missed, and named', () => {
  const key = 'claude_call_duration_ms{scenario:smoke}';
  assert.deepEqual(verdictOf({ [key]: { 'p(99)': 500 } }), ['missed', key]);
});

test('verdict: too few calls are a miss even if all of them were good', () => {
  const key = 'claude_calls{scenario:smoke}';
  assert.deepEqual(verdictOf({ [key]: { count: 989 } }), ['missed', key]);
});

test('verdict: a driver that lags makes the run inconclusive, whatever else was missed', () => {
  const lag = 'claude_driver_lag_ms{scenario:smoke}';
  assert.equal(verdictOf({ [lag]: { 'p(99)': 50 } })[0], 'inconclusive');
  const slow = { 'claude_call_duration_ms{scenario:smoke}': { 'p(99)': 900 } };
  assert.equal(verdictOf({ [lag]: { 'p(99)': 50 }, ...slow })[0], 'inconclusive');
});

test('verdict: calls that were dropped while answers were fast are the fault of the driver', () => {
  const dropped = { 'dropped_iterations{scenario:smoke}': { count: 1 } };
  for (const driver of ['k6', 'node'] as const) {
    assert.equal(verdictOf(dropped, driver)[0], 'inconclusive');
  }
});

test('verdict: calls that were dropped because answers were slow are the fault of the service', () => {
  const dropped = { 'dropped_iterations{scenario:smoke}': { count: 1 } };
  const slow = { 'claude_call_duration_ms{scenario:smoke}': { 'p(99)': 900 } };
  assert.equal(verdictOf({ ...dropped, ...slow })[0], 'missed');
});

test('verdict: dropped calls are the fault of a service that left others hanging, however fast its good answers were', () => {
  const changes = {
    'dropped_iterations{scenario:smoke}': { count: 1 },
    'claude_call_success{scenario:smoke}': { rate: 0.9, passes: 900, fails: 100 },
  };
  assert.equal(verdictOf(changes)[0], 'missed');
});

/** Dropped calls beside slow answers, and a lag; the rate is 50 calls a second. */
const late = (dropped: number, lagMs: number) => ({
  'dropped_iterations{scenario:smoke}': { count: dropped },
  'claude_call_duration_ms{scenario:smoke}': { 'p(99)': 900 },
  'claude_driver_lag_ms{scenario:smoke}': { 'p(99)': lagMs },
});

test('verdict: in k6 calls seem late by the time of those dropped before them, and no more', () => {
  assert.equal(verdictOf(late(9, 220), 'k6')[0], 'missed');
  assert.equal(verdictOf(late(9, 240), 'k6')[0], 'inconclusive');
  assert.equal(verdictOf(late(1, 700), 'k6')[0], 'inconclusive');
  assert.equal(verdictOf(late(2_000, 19_000), 'k6')[0], 'missed');
  assert.equal(verdictOf(late(9, 220), 'node')[0], 'inconclusive');
});

test('verdict: one of four k6 counts the calls of all, so that one it drops is the time of four', () => {
  const quarter = instanceOf(SCENARIOS.smoke({}), '4');
  const verdict = (lagMs: number) =>
    judgeRun(quarter, goodMetrics(quarter, late(9, lagMs)), 'k6').verdict;
  assert.deepEqual([verdict(760), verdict(780)], ['missed', 'inconclusive']);
});

test('verdict: the bottleneck of k6 is told without the lag that only seems to be', () => {
  const { bottlenecks } = judgeRun(SMOKE, goodMetrics(SMOKE, late(5, 700)), 'k6');
  assert.match(bottlenecks[0] ?? '', /calls began up to 600 ms late/);
});

test('verdict: no driver is blamed where no call was made', () => {
  const { bottlenecks, verdict } = judgeRun(SMOKE, {}, 'node');
  assert.deepEqual([verdict, bottlenecks], ['missed', []]);
});

test('verdict: what only the Node driver measures is judged there and left open in k6', () => {
  const streaming = SCENARIOS.streaming({});
  const late = { 'claude_call_first_text_ms{scenario:streaming}': { 'p(99)': 600 } };
  assert.equal(judgeRun(streaming, goodMetrics(streaming, late), 'node').verdict, 'missed');
  const { verdict, judged } = judgeRun(streaming, goodMetrics(streaming, late), 'k6');
  assert.equal(verdict, 'passed');
  assert.equal(judged.find(({ threshold }) => threshold.nodeOnly)?.ok, undefined);
});

function stepsOf(changes: Record<string, Record<string, number>>) {
  const { verdict, breakpoint } = judgeRun(BREAKPOINT, goodMetrics(BREAKPOINT, changes), 'node');
  return [verdict, breakpoint?.perSecond, breakpoint?.isLowerBound];
}
const slowStep = (n: number) => ({
  [`claude_call_duration_ms{scenario:step_${n}}`]: { 'p(99)': 501 },
});
const lateStep = (n: number) => ({ [`claude_driver_lag_ms{scenario:step_${n}}`]: { 'p(99)': 60 } });

test('breakpoint: it is the rate of the last step before the first that missed a target', () => {
  assert.deepEqual(stepsOf(slowStep(4)), ['passed', 156, false]);
  assert.deepEqual(stepsOf({ ...slowStep(4), ...slowStep(9) }), ['passed', 156, false]);
});

test('breakpoint: if all steps hold, the rate of the last is a lower bound', () => {
  assert.deepEqual(stepsOf({}), ['passed', 1164, true]);
});

test('breakpoint: if the first step misses, there is none', () => {
  assert.deepEqual(stepsOf(slowStep(1)), ['missed', undefined, undefined]);
});

test('breakpoint: a driver that gives out first makes it inconclusive, with a lower bound', () => {
  assert.deepEqual(stepsOf({ ...lateStep(3), ...slowStep(4) }), ['inconclusive', 125, true]);
  assert.deepEqual(stepsOf(lateStep(12)), ['inconclusive', 931, true]);
  assert.deepEqual(stepsOf({ ...lateStep(1), ...slowStep(2) }), [
    'inconclusive',
    undefined,
    undefined,
  ]);
});

test('breakpoint: a step in which the driver lagged does not matter if a higher one was good', () => {
  const late = { ...lateStep(2), ...slowStep(2), ...lateStep(3) };
  assert.deepEqual(stepsOf({ ...late, ...slowStep(5) }), ['passed', 195, false]);
});

test('breakpoint: what the driver does past the breakpoint does not matter', () => {
  assert.deepEqual(stepsOf({ ...slowStep(3), ...lateStep(4) }), ['passed', 125, false]);
});

test('soak: a P99 that grows from part to part is missed long before it misses the target', () => {
  const soak = SCENARIOS.soak({});
  const parts = (early: number, middle: number, last: number) =>
    Object.fromEntries(
      Object.entries({ early, middle, late: last }).map(([part, p99]) => [
        `claude_call_duration_ms{scenario:${part}}`,
        { 'p(99)': p99 },
      ]),
    );
  for (const driver of ['k6', 'node'] as const) {
    const verdict = (...p99s: [number, number, number]) =>
      judgeRun(soak, goodMetrics(soak, parts(...p99s)), driver).verdict;
    assert.equal(verdict(40, 200, 480), 'missed');
    assert.equal(verdict(40, 40, 91), 'missed');
    assert.equal(verdict(113, 300, 140), 'passed');
    assert.equal(verdict(200, 100, 40), 'passed');
  }
});

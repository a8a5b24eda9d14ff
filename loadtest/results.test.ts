/** What a run that was ended early may say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedEarly } from './results.ts';
import type { JudgedThreshold, Summary } from './scenarios/summary.ts';

const judged = (condition: string, value: number | null, ok: boolean | null): JudgedThreshold => ({
  metric: condition,
  condition,
  value,
  ok,
});

const SUMMARY: Summary = {
  driver: 'node',
  scenario: 'load',
  question: '',
  target: '',
  started: '',
  seconds: 9,
  verdict: 'missed',
  bottlenecks: [],
  phases: [],
  kinds: [],
  slowest: [],
  failed: [],
  driverLag: { p50Ms: null, p99Ms: null },
  breakpoint: { perSecond: 80, isLowerBound: false },
  thresholds: [
    judged('count>=100', 40, false),
    judged('count==4', 1, false),
    judged('rate>0.995', null, false),
    judged('p(99)<50', null, null),
    judged('count<=0', 3, false),
    judged('p(99)<500', 900, false),
    judged('rate==1', 1, true),
  ],
};

test('endedEarly: what was not reached is no miss, and what was missed or met stays so', () => {
  const { verdict, bottlenecks, thresholds } = endedEarly(SUMMARY, 'ended');
  assert.deepEqual([verdict, bottlenecks], ['inconclusive', ['ended']]);
  assert.deepEqual(
    thresholds.map(({ condition, ok, notReached }) => [condition, ok, notReached === true]),
    [
      ['count>=100', null, true],
      ['count==4', null, true],
      ['rate>0.995', null, true],
      ['p(99)<50', null, true],
      ['count<=0', false, false],
      ['p(99)<500', false, false],
      ['rate==1', true, false],
    ],
  );
});

test('endedEarly: a breakpoint that was being sought is at least the last good step, and k6 still measures no first text', () => {
  const { breakpoint, thresholds } = endedEarly({ ...SUMMARY, driver: 'k6' }, 'ended');
  assert.deepEqual(breakpoint, { perSecond: 80, isLowerBound: true });
  assert.equal(thresholds[3]?.notReached, undefined);
});

/** Several instances of k6 share a load, and each judges its own part of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from '../scenarios/all.ts';
import { METRIC } from '../scenarios/metrics.ts';
import { instanceOf } from './instances.ts';

const CHAOS = SCENARIOS.chaos({ perSecond: 100, seconds: 60 });

test('instances: one has the scenario as it is', () => {
  for (const instances of [undefined, '', '1']) assert.equal(instanceOf(CHAOS, instances), CHAOS);
});

test('instances: the numbers of calls are divided, and shares and times are not', () => {
  const { thresholds, phases } = instanceOf(CHAOS, '4');
  // k6 divides the rates itself.
  assert.equal(phases, CHAOS.phases);
  for (const { metric, aggregate, limit } of thresholds) {
    const whole = CHAOS.thresholds.find((one) => one.metric === metric);
    const expected = aggregate === 'count' ? Math.floor((whole?.limit ?? 0) / 4) : whole?.limit;
    assert.equal(limit, expected, metric);
  }
  assert.equal(thresholds.length, CHAOS.thresholds.length - 1);
  assert(!thresholds.some(({ metric }) => metric === METRIC.faultChanges));
});

test('instances: a number that is none is refused with what is allowed', () => {
  for (const instances of ['0', '-1', '1.5', 'four', '1001', ' 4', '9'.repeat(9)]) {
    assert.throws(() => instanceOf(CHAOS, instances), /^Error: INSTANCES: must be a whole number/);
  }
});

test('instances: each must have enough calls of every phase to judge them', () => {
  assert.doesNotThrow(() => instanceOf(CHAOS, '9'));
  assert.throws(
    () => instanceOf(CHAOS, '10'),
    /200 calls of a phase for each of 10 are too few, 201/,
  );
});

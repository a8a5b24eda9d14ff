/** The load loops make exactly the calls that they were asked for; percentiles are k6's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedLoop, openLoop, percentile } from './load.ts';

test('closedLoop: makes each call once, with no more than `concurrency` in flight', async () => {
  let inFlight = 0;
  let most = 0;
  const numbers = await closedLoop({ calls: 10, concurrency: 3 }, async (n) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    await Promise.resolve();
    inFlight -= 1;
    return n;
  });
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 10 }, (_, i) => i + 1),
  );
  assert.equal(most, 3);
});

test('closedLoop: begins no call when its time is over', async () => {
  assert.deepEqual(await closedLoop({ durationMs: 0, concurrency: 3 }, async () => 'made'), []);
});

test('closedLoop: rejects when a call does', async () => {
  const failing = () => Promise.reject(new Error('the call failed'));
  await assert.rejects(closedLoop({ calls: 1, concurrency: 1 }, failing), /the call failed/);
});

test('openLoop: begins calls without waiting for earlier ones', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  const results = await openLoop({ calls: 5, perSecond: 1_000_000 }, async () => {
    begun += 1;
    if (begun === 5) resolve();
    await promise;
    return 'ended';
  });
  assert.deepEqual(results, Array(5).fill('ended'));
});

test('percentile: interpolates between neighbours', () => {
  assert.equal(percentile([], 0.99), undefined);
  assert.equal(percentile([7], 0.99), 7);
  assert.equal(percentile([3, 1, 2], 0.5), 2);
  assert.equal(percentile([10, 20], 0.25), 12.5);
});

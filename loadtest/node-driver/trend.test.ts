/** The percentiles of a trend against those of the samples themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile } from '../lib/load.ts';
import { Trend } from './trend.ts';

/** Numbers that look random and are the same in each run. */
function* uniform(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

function logNormal(count: number, medianMs: number, sigma: number, seed = 7): number[] {
  const random = uniform(seed);
  const next = () => random.next().value;
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return medianMs * Math.exp(sigma * normal);
  });
}

function trendOf(samples: readonly number[]): Trend {
  const trend = new Trend();
  for (const ms of samples) trend.add(ms);
  return trend;
}

test('Trend: each percentile is within 0.1 % of that of the samples', () => {
  for (const samples of [
    logNormal(50_000, 40, 0.47),
    logNormal(997, 3_000, 0.8),
    logNormal(31, 0.2, 1),
  ]) {
    const trend = trendOf(samples);
    for (const share of [0, 0.5, 0.9, 0.95, 0.99, 0.999, 1]) {
      const exact = percentile(samples, share) ?? Number.NaN;
      const error = Math.abs(trend.percentile(share) / exact - 1);
      assert(error <= 0.001, `P${share * 100} of ${samples.length}: ${error}`);
    }
  }
});

test('Trend: interpolates between neighbours, as k6 does', () => {
  assert.equal(trendOf([10, 20]).percentile(0.25), 12.5);
  assert.equal(trendOf([7]).percentile(0.99), 7);
});

test('Trend: minimum, maximum, average and count are exact', () => {
  const { min, max, avg, count } = trendOf([0.001, 3, 700_000]).values();
  assert.deepEqual([min, max, avg, count], [0.001, 700_000, 700_003.001 / 3, 3]);
});

test('Trend: without samples it has no values', () => {
  assert.deepEqual(new Trend().values(), {});
  assert.equal(new Trend().percentile(0.99), Number.NaN);
});

test('Trend: merged, it is what it would be had all samples been added to one', () => {
  const samples = logNormal(5_000, 40, 0.47);
  const merged = trendOf(samples.slice(0, 100));
  merged.merge(trendOf(samples.slice(100)));
  merged.merge(new Trend());
  const { avg = 0, ...values } = merged.values();
  const { avg: expected = 0, ...others } = trendOf(samples).values();
  assert.deepEqual(values, others);
  assert(Math.abs(avg - expected) < 1e-9);
});

test('Trend: tells which share of the samples is within a limit', () => {
  const trend = trendOf([1, 100, 499, 501, 2_000].flatMap((ms) => Array(20).fill(ms)));
  assert.equal(trend.shareWithin(500), 0.6);
});

test('Trend: a long soak takes no more memory than a short one', () => {
  const trend = new Trend();
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < 2_000_000; n++) trend.add(n % 5_000);
  assert(process.memoryUsage().arrayBuffers - before < 1_000_000);
  assert.equal(trend.count, 2_000_000);
});

/** Medians, spreads and ratios. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, pairedRatio, spreadOf } from './statistics.ts';

test('median: the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
  assert(Number.isNaN(median([])));
});

test('median: numbers are sorted as numbers', () => {
  assert.equal(median([10, 9, 100]), 10);
});

test('spreadOf: nothing without values, or with one that is no number', () => {
  assert.deepEqual(spreadOf([2, 1, 4]), { median: 2, least: 1, most: 4 });
  assert.equal(spreadOf([]), undefined);
  assert.equal(spreadOf([1, Number.NaN]), undefined);
  assert.equal(spreadOf([Number.POSITIVE_INFINITY]), undefined);
});

test('pairedRatio: compares within a round, so a slow round changes nothing', () => {
  assert.deepEqual(pairedRatio([50, 5, 500], [100, 10, 1_000]), {
    median: 0.5,
    least: 0.5,
    most: 0.5,
  });
});

test('pairedRatio: nothing where a round is missing, or the other has none', () => {
  assert.equal(pairedRatio([1, 2], [1]), undefined);
  assert.equal(pairedRatio([1], [0]), undefined);
  assert.equal(pairedRatio([], []), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

test('retry budget: it starts full, successes earn retries, and no more than the capacity is saved', () => {
  const budget = new RetryBudget({ ratio: 0.25, capacity: 2 });
  assert.deepEqual([budget.spend(), budget.spend(), budget.spend()], [true, true, false]);
  for (let i = 0; i < 3; i++) budget.earn();
  assert.equal(budget.spend(), false);
  budget.earn();
  assert.equal(budget.left(), 1);
  for (let i = 0; i < 100; i++) budget.earn();
  assert.equal(budget.left(), 2);
});

test('retry budget: with a ratio of 0 only the capacity can be spent', () => {
  const budget = new RetryBudget({ ratio: 0, capacity: 1 });
  budget.earn();
  assert.deepEqual([budget.spend(), budget.spend()], [true, false]);
});

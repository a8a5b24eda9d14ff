import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRetryBudget } from './retry-budget.ts';

test('there are some at the start, successes earn more, no more than the capacity is saved', () => {
  const budget = createRetryBudget({ ratio: 0.25, capacity: 2 });
  assert.deepEqual([budget.spend(), budget.spend(), budget.spend()], [true, true, false]);
  for (let i = 0; i < 3; i++) budget.earn();
  assert.equal(budget.spend(), false);
  budget.earn();
  assert.equal(budget.left(), 1);
  for (let i = 0; i < 100; i++) budget.earn();
  assert.equal(budget.left(), 2);
});

test('a ratio of 0 retries only what the capacity gives', () => {
  const budget = createRetryBudget({ ratio: 0, capacity: 1 });
  budget.earn();
  assert.deepEqual([budget.spend(), budget.spend()], [true, false]);
});

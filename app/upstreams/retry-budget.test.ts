import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

test('retry budget: it starts full, successes earn retries, and no more than the capacity is saved', () => {
  const budget = new RetryBudget({ earned: 0.25, capacity: 2 });
  assert.deepEqual([budget.spend(), budget.spend(), budget.spend()], [true, true, false]);
  for (let i = 0; i < 3; i++) budget.earn();
  assert.equal(budget.spend(), false);
  budget.earn();
  assert.equal(budget.left(), 1);
  for (let i = 0; i < 100; i++) budget.earn();
  assert.equal(budget.left(), 2);
});

test('retry budget: a retry that succeeds gives its cost back', () => {
  const budget = new RetryBudget({ earned: 0, capacity: 2 });
  for (let i = 0; i < 100; i++) {
    assert(budget.spend(2));
    budget.giveBack(2);
  }
  assert.equal(budget.left(), 2);
});

test('retry budget: a retry that costs more than is left takes nothing', () => {
  const budget = new RetryBudget({ earned: 0, capacity: 1 });
  assert.equal(budget.spend(2), false);
  assert.equal(budget.left(), 1);
});

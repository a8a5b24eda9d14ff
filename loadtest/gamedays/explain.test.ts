/** What is asked of Prometheus about an alert that did not fire: both sides of each of its comparisons. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonsOf, explain } from './explain.ts';

test('comparisonsOf: every comparison, also within sums and beside `and`', () => {
  const expr = 'count by (job) (avg_over_time(a[5m]) < 0.5)\nand sum(b) >= 2 * 3';
  assert.deepEqual(comparisonsOf(expr), [
    { left: 'avg_over_time(a[5m])', operator: '<', right: '0.5' },
    { left: 'sum(b)', operator: '>=', right: '2 * 3' },
  ]);
});

test('comparisonsOf: no side that only the grammar takes for one', () => {
  const expr =
    'sum (a unless a offset 10m and on (job) up offset 10m == 1 or increase(a[10m])) > 0';
  assert.deepEqual(
    comparisonsOf(expr).map(({ operator, right }) => `${operator} ${right}`),
    ['> 0'],
  );
});

test('comparisonsOf: an expression without one has none', () => {
  assert.deepEqual(comparisonsOf('vector(1) + a'), []);
});

test('explain: says that Prometheus cannot be asked rather than fail', async () => {
  assert.match(await explain('http://127.0.0.1:1', 'Any'), /^Prometheus cannot be asked: /);
});

/** The soak report tells steady holdings from growing ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growing, growth, type Minute, soakReport } from './report.ts';

const endings = new Map([
  ['complete', 90],
  ['cancelled', 5],
  ['503', 3],
  ['error event', 2],
]);

const minuteWith = (minute: number, timers: number): Minute => ({
  minute,
  endings,
  held: { heap: 40_000_000, sockets: 0, timers, signals: 3, listeners: 43 },
});

test('soak report: a holding that grows from minute 3 on is named, a steady one is not', () => {
  const minutes = [1, 2, 3, 4, 5].map((minute) => minuteWith(minute, 10 + minute));
  assert.deepEqual(growing(minutes), ['timers']);
  assert.equal(growth(minutes, 'heap'), 0);
});

test('soak report: growth before minute 3 does not count', () => {
  const minutes = [1, 20, 20, 20].map((timers, i) => minuteWith(i + 1, timers));
  assert.deepEqual(growing(minutes), []);
});

test('soak report: a row counts all calls, and statuses that have no column together', () => {
  const row = '| 3 | 100 | 5 | 2 | 3 | 0 | 40.0 | 0 | 7 | 3 | 43 |';
  assert(soakReport([minuteWith(3, 7)]).includes(row));
});

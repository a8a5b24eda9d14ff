/** A busy machine is told from one that was late once. */
import assert from 'node:assert/strict';
import { createHistogram } from 'node:perf_hooks';
import { test } from 'node:test';
import { LATE_MS, WorstWindow } from './lateness.ts';

const NS = 1e6;

function windowOf(...delaysMs: readonly number[]) {
  const delays = createHistogram();
  const worst = new WorstWindow(delays);
  const record = (list: readonly number[]) => {
    for (const ms of list) delays.record(ms * NS);
    worst.end();
  };
  record(delaysMs);
  return { worst, record };
}

const punctual = Array.from({ length: 499 }, () => 11);

test('WorstWindow: one timer among hundreds that is very late excuses nothing', () => {
  const { worst } = windowOf(...punctual, 643);
  assert(worst.worstMs < LATE_MS, `${worst.worstMs} ms`);
});

test('WorstWindow: a window in which the machine was busy counts, also when quiet ones follow', () => {
  const { worst, record } = windowOf(...Array.from({ length: 40 }, () => 150));
  record(punctual);
  assert(worst.worstMs > 149 && worst.worstMs < 152, `${worst.worstMs} ms`);
});

test('WorstWindow: what was forgotten does not count', () => {
  const { worst, record } = windowOf(150);
  worst.forget();
  record(punctual);
  assert(worst.worstMs < LATE_MS, `${worst.worstMs} ms`);
});

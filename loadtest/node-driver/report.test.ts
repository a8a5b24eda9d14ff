/** The report names each missed threshold, and no other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../calls/call.ts';
import { failedMetrics, summaryOf, thresholdTable } from './report.ts';
import { newTally, record, type Tally } from './tally.ts';

const good: Observation = { verdict: { ok: true }, correlated: true, overheadMs: 2 };
const streaming: Observation = { ...good, overheadMs: undefined };
const bad: Observation = { ...good, verdict: { ok: false, reason: 'status_529' } };

/** 1,000 calls of each type in 20 ms; the first `count` complete ones are `seen` instead. */
function tallyWith(count: number, seen: Observation, durationMs = 20): Tally {
  const tally = newTally();
  for (let index = 0; index < 1000; index++) {
    record(tally, 'complete', index < count ? seen : good, index < count ? durationMs : 20);
    record(tally, 'streaming', streaming, 20);
  }
  return tally;
}

const table: [string, Tally, string[]][] = [
  ['all calls good', tallyWith(0, good), []],
  ['9 of 2,000 failed: above 99.5 %', tallyWith(9, bad), []],
  ['10 of 2,000 failed: exactly 99.5 %', tallyWith(10, bad), ['claude_call_success']],
  ['19 of 2,000 slow: the P99 is not', tallyWith(19, good, 900), []],
  ['21 of 2,000 slow', tallyWith(21, good, 900), ['claude_call_duration_ms']],
  ['9 of 2,000 failed slowly: failed calls have no duration', tallyWith(9, bad, 90_000), []],
  [
    '11 of 1,000 with too much overhead',
    tallyWith(11, { ...good, overheadMs: 500 }),
    ['claude_call_overhead_ms'],
  ],
  ['overhead missing in one answer', tallyWith(1, streaming), ['claude_call_overhead_reported']],
  [
    'one correlation ID lost',
    tallyWith(1, { ...good, correlated: false }),
    ['claude_call_correlated'],
  ],
];

for (const [name, tally, expected] of table) {
  test(`report: ${name}: misses ${expected.join(', ') || 'no threshold'}`, () =>
    assert.deepEqual(failedMetrics(tally, 1000), expected));
}

test('report: too few calls miss a threshold of their own', () => {
  const failed = failedMetrics(tallyWith(0, good), 1001);
  assert.deepEqual(failed, [
    'claude_calls{call_type:complete}',
    'claude_calls{call_type:streaming}',
  ]);
});

test('report: a run without calls misses every threshold but the one that only k6 measures', () => {
  assert.equal(failedMetrics(newTally(), 1).length, 7);
  assert.deepEqual(summaryOf(newTally(), []), {
    calls: 0,
    success: null,
    p99Ms: null,
    overheadP99Ms: null,
    failedThresholds: [],
  });
});

test('report: the table shows misses, reasons of failures, and what was not measured', () => {
  const text = thresholdTable(tallyWith(10, bad), 1000).join('\n');
  assert.match(text, /claude_call_success +rate>0\.995 +0\.995 +MISSED/);
  assert.match(text, /dropped_iterations +count==0 +not measured: needs k6/);
  assert.match(text, /failed: 10 × status_529/);
});

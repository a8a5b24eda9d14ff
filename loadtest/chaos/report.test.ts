/** The reliability report counts every call in the column where it belongs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEnd } from '../lib/call-once.ts';
import { otherEndings, reliabilityReport } from './report.ts';

const end = (ending: string): CallEnd => ({
  ok: ending === 'complete',
  ending,
  durationMs: 5,
  endedAtMs: 0,
});

test('reliability report: counts every other ending, the most frequent first', () => {
  const ends = ['complete', '503', '429', '503', 'lost', 'error event'].map(end);
  assert.equal(otherEndings(ends), '2 × 503, 1 × 429, 1 × error event');
  assert.equal(otherEndings([end('complete')]), 'none');
  const row = { name: 'stream_cut', where: 'w', ends, perSecond: 10, attempts: 1.5 };
  const page = reliabilityReport([{ ...row, lastFailureAfterMs: 3, regionBackAfterMs: -1 }], 6);
  assert(page.includes('| stream\\_cut | w | 10 | 16.67 % |'));
  assert(page.includes('| 1 | 1.50 | 5 | 3 | not seen |'));
});

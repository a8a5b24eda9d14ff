import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Seen } from '../lib/call-once.ts';
import { othersSeen, reliabilityPage } from './report.ts';

const seen = (what: string): Seen => ({ good: what === 'whole', what, ms: 5, endedMs: 0 });

test('what was not whole is counted, the commonest first; lost has a column of its own', () => {
  const all = ['whole', '503', '429', '503', 'lost', 'error event'].map(seen);
  assert.equal(othersSeen(all), '2 × 503, 1 × 429, 1 × error event');
  assert.equal(othersSeen([seen('whole')]), 'nothing');
  const row = { name: 'stream_cut', where: 'w', seen: all, perSecond: 10, attempts: 1.5 };
  const page = reliabilityPage([{ ...row, wellAfterMs: 3, backMs: -1 }], 6);
  assert(page.includes('| stream\\_cut | w | 10 | 16.67 % |'));
  assert(page.includes('| 1 | 1.50 | 5 | 3 | not seen |'));
});

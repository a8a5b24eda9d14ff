import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measuredInstruments } from '../testing/metrics.ts';
import { createSeriesAtZero, recordSignatureCheck } from './instruments.ts';
import { SIGNATURE_RESULTS } from './vocabulary.ts';

const NO_LABELS = { models: [], upstreams: [], callers: [] };

test('recordSignatureCheck: counts each result, and the absolute skew in seconds where it is known', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  createSeriesAtZero(instruments, NO_LABELS);
  recordSignatureCheck(instruments, { result: 'valid', skewMs: -250 });
  recordSignatureCheck(instruments, { result: 'skewed', skewMs: 400_000 });
  recordSignatureCheck(instruments, { result: 'bad_signature' });

  const counts = await points('claude_signature_checks_total');
  assert.deepEqual(
    Object.fromEntries(counts.map(({ attributes, value }) => [attributes['result'], value])),
    {
      ...Object.fromEntries(SIGNATURE_RESULTS.map((result) => [result, 0])),
      valid: 1,
      skewed: 1,
      bad_signature: 1,
    },
  );
  const [skew] = await points('claude_signature_skew_seconds');
  assert.partialDeepStrictEqual(skew?.value, {
    count: 2,
    sum: 400.25,
    buckets: { counts: [0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0] },
  });
});

test('createSeriesAtZero: refusals and retries exist at 0 under the label `reason`', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  createSeriesAtZero(instruments, { ...NO_LABELS, callers: ['search'] });
  assert.deepEqual(await labelsOf('claude_api_retries_refused_total'), [
    { reason: 'attempts' },
    { reason: 'budget' },
    { reason: 'deadline' },
  ]);
  assert.deepEqual(await labelsOf('claude_api_caller_refusals_total'), [
    { caller: 'search', reason: 'requests' },
    { caller: 'search', reason: 'tokens' },
    { caller: 'search', reason: 'concurrent' },
  ]);
  async function labelsOf(name: string) {
    return (await points(name)).map(({ attributes }) => attributes);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedLogger } from '../testing/logs.ts';
import { measuredInstruments } from '../testing/metrics.ts';
import { createKeyProducer, createReadObserver, type KeyFacts } from './key-gauges.ts';

const LABELS = { upstream: 'one', caller: 'shared' };
const aKey = (part: Partial<KeyFacts>): KeyFacts => ({
  alias: 'k1',
  state: 'active',
  ageMs: 0,
  limits: new Map(),
  ...part,
});

async function produce(keys: readonly KeyFacts[], nowMs: number) {
  const producer = createKeyProducer(
    () => [{ labels: LABELS, keys }],
    () => nowMs,
  );
  const { resourceMetrics } = await producer.collect();
  const metrics = resourceMetrics.scopeMetrics[0]?.metrics ?? [];
  return Object.fromEntries(
    metrics.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(({ attributes, value }) => [attributes, value]),
    ]),
  );
}

test('createKeyProducer: a key has one series per state, its age and its rate limits', async () => {
  const limit = { limit: 50, remaining: 7, resetAtMs: 60_000 };
  const key = aKey({ state: 'cooling_down', ageMs: 2_000, limits: new Map([['tokens', limit]]) });
  const labels = { ...LABELS, key: 'k1' };
  assert.deepEqual(await produce([key], 3_000), {
    claude_api_key_state: [
      [{ ...labels, state: 'active' }, 0],
      [{ ...labels, state: 'retiring' }, 0],
      [{ ...labels, state: 'cooling_down' }, 1],
      [{ ...labels, state: 'rejected' }, 0],
    ],
    claude_api_key_age_seconds: [[labels, 2]],
    claude_api_rate_limit_remaining: [[{ ...labels, family: 'tokens' }, 7]],
    claude_api_rate_limit_max: [[{ ...labels, family: 'tokens' }, 50]],
  });
});

test('createKeyProducer: after its reset a rate limit is reported as full', async () => {
  const limits = new Map([['tokens', { limit: 50, remaining: 7, resetAtMs: 60_000 }]] as const);
  const { claude_api_rate_limit_remaining: points } = await produce([aKey({ limits })], 60_000);
  assert.deepEqual(points, [[{ ...LABELS, key: 'k1', family: 'tokens' }, 50]]);
});

test('createKeyProducer: two retiring keys of one alias are one series', async () => {
  const key = aKey({ alias: 'k1-old', state: 'retiring' });
  const { claude_api_key_age_seconds: points } = await produce([key, { ...key, ageMs: 500 }], 0);
  assert.equal(points?.length, 1);
});

test('createReadObserver: counts and logs failures and changed keys, and logs the recovery once', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  const { logger, messages } = capturedLogger();
  const onRead = createReadObserver(instruments, logger);
  const failed = {
    source: 'file:/k',
    ok: false,
    failure: 'denied',
    error: new Error('no'),
  } as const;
  onRead(LABELS, failed);
  onRead(LABELS, failed);
  assert.equal((await points('claude_api_key_source_up'))[0]?.value, 0);
  onRead(LABELS, { source: 'file:/k', ok: true, changed: true });
  onRead(LABELS, { source: 'file:/k', ok: true, changed: false });

  assert.equal((await points('claude_api_key_source_up'))[0]?.value, 1);
  assert.deepEqual(
    (await points('claude_api_key_source_failures_total')).map(({ attributes, value }) => [
      attributes,
      value,
    ]),
    [[{ ...LABELS, reason: 'denied' }, 2]],
  );
  assert.equal((await points('claude_api_key_rotations_total'))[0]?.value, 1);
  assert.deepEqual(messages(), [
    'keys could not be read',
    'keys could not be read',
    'keys have changed',
    'keys can be read again',
  ]);
});

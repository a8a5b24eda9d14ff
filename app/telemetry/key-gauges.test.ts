import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitName } from '../anthropic/rate-limits.ts';
import { capturedLogger } from '../testing/logs.ts';
import { measuredInstruments } from '../testing/metrics.ts';
import { createKeyProducer, createReadObserver, type KeyFacts } from './key-gauges.ts';

const LABELS = { upstream: 'one', caller: 'shared' };
const aKey = (part: Partial<KeyFacts>): KeyFacts => ({
  alias: 'k1',
  state: 'active',
  ageMs: 0,
  groups: [],
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

const limitsOf = (limits: Partial<Record<LimitName, readonly [number, number]>>) =>
  new Map(
    Object.entries(limits).map(([name, [remaining, limit]]) => [
      name as LimitName,
      { remaining, limit },
    ]),
  );

test('createKeyProducer: a key has one series per state, its age, and for each family its rest and limits', async () => {
  const groups = [
    { family: 'opus', resting: true, limits: limitsOf({ tokens: [7, 50] }) },
    { family: 'haiku', resting: false, limits: limitsOf({ tokens: [900, 1_000] }) },
  ];
  const key = aKey({ state: 'cooling_down', ageMs: 2_000, groups });
  const labels = { ...LABELS, key: 'k1' };
  const [opus, haiku] = ['opus', 'haiku'].map((model_family) => ({ ...labels, model_family }));
  assert.deepEqual(await produce([key], 3_000), {
    claude_api_key_state: [
      [{ ...labels, state: 'active' }, 0],
      [{ ...labels, state: 'retiring' }, 0],
      [{ ...labels, state: 'cooling_down' }, 1],
      [{ ...labels, state: 'rejected' }, 0],
    ],
    claude_api_key_age_seconds: [[labels, 2]],
    claude_api_key_resting: [
      [opus, 1],
      [haiku, 0],
    ],
    claude_api_rate_limit_remaining: [
      [{ ...opus, limit: 'tokens' }, 7],
      [{ ...haiku, limit: 'tokens' }, 900],
    ],
    claude_api_rate_limit_max: [
      [{ ...opus, limit: 'tokens' }, 50],
      [{ ...haiku, limit: 'tokens' }, 1_000],
    ],
  });
});

test('createKeyProducer: groups that share a family are one series, that of the scarcest limit', async () => {
  const groups = [
    {
      family: 'other',
      resting: false,
      limits: limitsOf({ requests: [9, 10], tokens: [0, 1_000] }),
    },
    { family: 'other', resting: true, limits: limitsOf({ requests: [80, 100], tokens: [5, 10] }) },
    { family: 'other', resting: false, limits: limitsOf({ requests: [0, 0] }) },
  ];
  const produced = await produce([aKey({ groups })], 0);
  const values = (name: string) =>
    Object.fromEntries(
      (produced[`claude_api_${name}`] ?? []).map(([labels, value]) => [
        (labels as Record<string, string>)['limit'] ?? 'all',
        value,
      ]),
    );
  assert.deepEqual(values('key_resting'), { all: 1 });
  assert.deepEqual(values('rate_limit_remaining'), { requests: 80, tokens: 0 });
  assert.deepEqual(values('rate_limit_max'), { requests: 100, tokens: 1_000 });
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ITS_LIMITS } from '../testing/fakes.ts';
import { KeyPool } from './key-pool.ts';
import type { KeyResponse } from './pooled-key.ts';
import { createSecret } from './secret.ts';
import type { KeySet } from './sources/source.ts';

const GRACE_PERIOD_MS = 60_000;

function setUp(random: () => number = () => 0) {
  let nowMs = 1_000_000;
  let setBackMs = 0;
  const wallClock = () => nowMs - setBackMs;
  const pool = new KeyPool(
    { gracePeriodMs: GRACE_PERIOD_MS },
    { now: () => nowMs, wallClock, random },
  );
  const setBack = (ms: number) => {
    setBackMs = ms;
  };
  const has = (keys: Record<string, string>, previous: Record<string, string> = {}) =>
    pool.update({ current: keysOf(keys), previous: keysOf(previous) });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  const reset = (inMs: number) => new Date(wallClock() + inMs).toISOString();
  return { pool, has, pass, reset, setBack };
}

function keysOf(keys: Record<string, string>): KeySet['current'] {
  return Object.entries(keys).map(([alias, key]) => ({ alias, secret: createSecret(key) }));
}

function response(status: number, part: Partial<KeyResponse> = {}): KeyResponse {
  return {
    status,
    headers: {},
    retryAfterMs: undefined,
    rejected: status === 401 || status === 402 || status === 403,
    ...part,
  };
}

const states = (pool: KeyPool) =>
  Object.fromEntries(pool.view().map(({ alias, state }) => [alias, state]));

/** Picks a key, which must have this value, and reports a response to it. */
function use(pool: KeyPool, value: string, received: KeyResponse): boolean {
  const key = pool.pick(ITS_LIMITS);
  assert.equal(key.secret.reveal(), value);
  return key.report(received);
}

test('key pool: an empty pool throws no_key', () => {
  const { pool } = setUp();
  assert.throws(() => pool.pick(ITS_LIMITS), { code: 'no_key' });
});

test('key pool: a rejected key is avoided at once, and tried again after a time that doubles', () => {
  for (const status of [401, 402, 403]) {
    const { pool, has, pass } = setUp();
    has({ a: 'key-a', b: 'key-b' });
    assert.equal(use(pool, 'key-a', response(status)), true);
    assert.deepEqual(states(pool), { a: 'rejected', b: 'active' });
    assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'key-b');
    pass(30_000);
    assert.equal(use(pool, 'key-a', response(status)), true);
    pass(59_999);
    assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'key-b');
    pass(1);
    assert.equal(use(pool, 'key-a', response(200)), false);
    assert.equal(states(pool)['a'], 'active');
  }
});

test('key pool: rejections of many calls in flight count as one', () => {
  const { pool, has, pass } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  const inFlight = Array.from({ length: 50 }, () => pool.pick(ITS_LIMITS));
  for (const key of inFlight) key.report(response(401));
  pass(30_000);
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'key-a');
});

test('key pool: the last key is still picked after it was rejected', () => {
  const { pool, has } = setUp();
  has({ a: 'key-a' });
  for (let i = 0; i < 2; i++) {
    use(pool, 'key-a', response(401));
    assert.equal(pool.hasHealthy(ITS_LIMITS), false);
  }
});

test('key pool: a rate-limited key cools down until retry-after or the used-up limit’s reset', () => {
  const { pool, has, pass, reset } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(pool, 'key-a', response(429, { retryAfterMs: 5_000 })), true);
  assert.equal(states(pool)['a'], 'cooling_down');
  const headers = {
    'anthropic-ratelimit-input-tokens-limit': '1000',
    'anthropic-ratelimit-input-tokens-remaining': '0',
    'anthropic-ratelimit-input-tokens-reset': reset(9_000),
  };
  use(pool, 'key-b', response(429, { headers }));
  assert.equal(pool.hasHealthy(ITS_LIMITS), false);
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'key-a', 'the key that recovers first');
  pass(9_000);
  assert.deepEqual(states(pool), { a: 'active', b: 'active' });
});

test('key pool: a 429 without a time or a used-up limit leaves the key active', () => {
  const { pool, has } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(pool, 'key-a', response(429)), false);
  assert.equal(states(pool)['a'], 'active');
});

test('key pool: a success makes a rejected key active again, but not one that began earlier', () => {
  const { pool, has, pass } = setUp();
  has({ a: 'key-a' });
  const before = pool.pick(ITS_LIMITS);
  pass(1);
  use(pool, 'key-a', response(401));
  before.report(response(200));
  assert.equal(states(pool)['a'], 'rejected');
  pass(1);
  use(pool, 'key-a', response(200));
  assert.equal(states(pool)['a'], 'active');
});

test('key pool: when every key got a 403, all of them recover', () => {
  const { pool, has } = setUp();
  has({ a: 'key-a', b: 'key-b', c: 'key-c' });
  const tried = new Set<string>();
  for (const value of ['key-a', 'key-b', 'key-c']) {
    const key = pool.pick(ITS_LIMITS, tried);
    assert.equal(key.secret.reveal(), value);
    key.report(response(403));
    tried.add(value);
  }
  assert.deepEqual(states(pool), { a: 'active', b: 'active', c: 'active' });
  assert.equal(pool.hasHealthy(ITS_LIMITS, tried), false, 'the call has tried them all');
});

test('key pool: a call gets no key twice while another is healthy', () => {
  const { pool, has } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(pool.pick(ITS_LIMITS, new Set(['key-a'])).secret.reveal(), 'key-b');
  assert.equal(pool.pick(ITS_LIMITS, new Set(['key-a', 'key-b'])).secret.reveal(), 'key-a');
});

test('key pool: a cool-down under 50 ms is skipped, an endless one ends after a day', () => {
  const { pool, has, pass } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(pool, 'key-a', response(429, { retryAfterMs: 10 })), false);
  use(pool, 'key-a', response(429, { retryAfterMs: Number.POSITIVE_INFINITY }));
  use(pool, 'key-b', response(200));
  pass(24 * 3_600_000);
  assert.equal(states(pool)['a'], 'active');
});

test('key pool: a used-up spend limit rejects the key', () => {
  const { pool, has } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(pool, 'key-a', response(429, { rejected: true })), true);
  assert.equal(states(pool)['a'], 'rejected');
});

test('key pool: calls are spread by the limits left; unknown and reset limits count as full', () => {
  let n = 0;
  const { pool, has, pass, reset } = setUp(() => (n++ % 100) / 100);
  has({ a: 'key-a', b: 'key-b' });
  const headers = {
    'anthropic-ratelimit-requests-limit': '100',
    'anthropic-ratelimit-requests-remaining': '25',
    'anthropic-ratelimit-requests-reset': reset(10_000),
    'anthropic-ratelimit-tokens-limit': 'many',
  };
  use(pool, 'key-a', response(200, { headers }));
  n = 0;
  const shareOfA = () =>
    Array.from({ length: 100 }, () => pool.pick(ITS_LIMITS).secret.reveal()).filter(
      (value) => value === 'key-a',
    ).length;
  assert.equal(shareOfA(), 20);
  const [ofA, ofB] = pool.view().map(({ groups }) => groups);
  assert.deepEqual(
    [...(ofA?.[0]?.limits.keys() ?? [])],
    ['requests'],
    'a malformed limit is ignored',
  );
  assert.deepEqual(ofB, []);
  pass(10_000);
  assert.equal(shareOfA(), 50);
});

test('key pool: a rotation uses the new key, falls back to the old one, and drops it in the end', () => {
  const { pool, has, pass } = setUp();
  assert.equal(has({ default: 'old-key' }), true);
  assert.equal(has({ default: 'old-key' }), false);
  assert.equal(has({ default: 'new-key' }), true);
  assert.deepEqual(states(pool), { default: 'active', 'default-old': 'retiring' });
  assert.equal(use(pool, 'new-key', response(401)), true);
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'old-key');
  assert.deepEqual(
    pool.valid().map(({ secret }) => secret.reveal()),
    ['new-key', 'old-key'],
  );
  pass(30_000);
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'new-key');
  pass(30_000);
  assert.deepEqual(
    pool.valid().map(({ secret }) => secret.reveal()),
    ['new-key'],
  );
  assert.deepEqual(states(pool), { default: 'active' });
});

test('KeyPool.held: keys are the same list until they change, and an expired one is held until the next look', () => {
  const { pool, has, pass } = setUp();
  const held = () => pool.held().map(({ secret }) => secret.reveal());
  has({ a: 'A' });
  assert.equal(pool.held(), pool.held());
  has({ b: 'B' });
  assert.deepEqual(held(), ['B', 'A']);
  pass(GRACE_PERIOD_MS);
  assert.deepEqual(held(), ['B', 'A']);
  assert.equal(pool.valid().length, 1);
  assert.deepEqual(held(), ['B']);
});

test("key pool: repeated reads neither prolong the grace period nor forget a key's health", () => {
  const { pool, has, pass } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  use(pool, 'key-a', response(401));
  for (let i = 0; i < 6; i++) {
    assert.equal(has({ a: 'key-a' }, { b: 'key-b' }), i === 0);
    pass(10_000);
  }
  assert.deepEqual(
    pool.valid().map(({ secret }) => secret.reveal()),
    ['key-a'],
  );
  assert.equal(has({ a: 'key-a' }, { b: 'key-b' }), false);
  assert.deepEqual(
    pool.valid().map(({ secret }) => secret.reveal()),
    ['key-a'],
    'an expired key must not come back',
  );
});

test('key pool: a previous key of the source is valid from the first read', () => {
  const { pool, has } = setUp();
  has({ default: 'new-key' }, { default: 'old-key' });
  assert.deepEqual(states(pool), { default: 'active', 'default-old': 'retiring' });
  assert.equal(use(pool, 'new-key', response(401)), true);
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'old-key');
});

test('key pool: one key under two aliases keeps the health of each', () => {
  const { pool, has } = setUp();
  has({ a: 'key-a', b: 'key-a' });
  use(pool, 'key-a', response(401));
  assert.equal(has({ a: 'key-a', b: 'key-a' }), false);
  assert.deepEqual(states(pool), { a: 'rejected', b: 'active' });
});

test('key pool: a rotation back makes the old key current again', () => {
  const { pool, has } = setUp();
  has({ default: 'old-key' });
  has({ default: 'new-key' });
  has({ default: 'old-key' });
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'old-key');
  assert.deepEqual(states(pool), { default: 'active', 'default-old': 'retiring' });
});

test('key pool: a key is never printed', () => {
  const secret = createSecret('sk-very-secret');
  const { pool, has } = setUp();
  has({ a: 'sk-very-secret' });
  const picked = { ...pool.pick(ITS_LIMITS), valid: pool.valid()[0]?.secret };
  assert(!inspect([picked, pool]).includes('very'));
  for (const text of [
    inspect({ secret }),
    JSON.stringify({ secret }),
    `${secret}`,
    String(secret),
  ]) {
    assert(!text.includes('very'), text);
    assert(text.includes('[secret]'), text);
  }
});

test('key pool: a clock that is set back prolongs neither a cool-down, a rejection nor a grace period', () => {
  const { pool, has, pass, reset, setBack } = setUp();
  has({ a: 'key-a', b: 'key-b', c: 'key-c' });
  const headers = {
    'anthropic-ratelimit-requests-limit': '1',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': reset(20_000),
  };
  use(pool, 'key-a', response(429, { headers }));
  use(pool, 'key-b', response(401));
  has({ a: 'key-a', b: 'key-b' });
  assert.deepEqual(states(pool), { a: 'cooling_down', b: 'rejected', 'c-old': 'retiring' });
  setBack(3_600_000);
  pass(20_000);
  assert.equal(states(pool)['a'], 'active');
  pass(10_000);
  assert.equal(states(pool)['b'], 'active');
  pass(30_000);
  assert.deepEqual(states(pool), { a: 'active', b: 'active' });
});

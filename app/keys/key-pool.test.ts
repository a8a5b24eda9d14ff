import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createKeyRing, type KeyRing } from './key-pool.ts';
import type { Answer } from './pooled-key.ts';
import { createSecret } from './secret.ts';
import type { KeySet } from './sources/source.ts';

const OVERLAP_MS = 60_000;

function setUp(dice: () => number = () => 0) {
  let nowMs = 1_000_000;
  const ring = createKeyRing({ overlapMs: OVERLAP_MS }, { now: () => nowMs, random: dice });
  const has = (keys: Record<string, string>, previous: Record<string, string> = {}) =>
    ring.update({ current: keysOf(keys), previous: keysOf(previous) });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  const reset = (inMs: number) => new Date(nowMs + inMs).toISOString();
  return { ring, has, pass, reset };
}

function keysOf(keys: Record<string, string>): KeySet['current'] {
  return Object.entries(keys).map(([alias, key]) => ({ alias, secret: createSecret(key) }));
}

function answer(status: number, part: Partial<Answer> = {}): Answer {
  return { status, headers: {}, retryAfterMs: undefined, spent: false, ...part };
}

const states = (ring: KeyRing) =>
  Object.fromEntries(ring.view().map(({ alias, state }) => [alias, state]));

/** Uses the key of this value, which must be one that is picked. */
function use(ring: KeyRing, value: string, said: Answer): boolean {
  const key = ring.pick();
  assert.equal(key.secret.reveal(), value);
  return key.learn(said);
}

test('an empty ring has no key', () => {
  const { ring } = setUp();
  assert.throws(() => ring.pick(), { code: 'no_key' });
});

test('a refused key is out at once; another is used; it is tried again later, ever later', () => {
  for (const status of [401, 402, 403]) {
    const { ring, has, pass } = setUp();
    has({ a: 'key-a', b: 'key-b' });
    assert.equal(use(ring, 'key-a', answer(status)), true);
    assert.deepEqual(states(ring), { a: 'refused', b: 'active' });
    assert.equal(ring.pick().secret.reveal(), 'key-b');
    pass(30_000);
    assert.equal(use(ring, 'key-a', answer(status)), true);
    pass(59_999);
    assert.equal(ring.pick().secret.reveal(), 'key-b');
    pass(1);
    assert.equal(use(ring, 'key-a', answer(200)), false);
    assert.equal(states(ring)['a'], 'active');
  }
});

test('many refusals of calls that were under way are one', () => {
  const { ring, has, pass } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  const underWay = Array.from({ length: 50 }, () => ring.pick());
  for (const key of underWay) key.learn(answer(401));
  pass(30_000);
  assert.equal(ring.pick().secret.reveal(), 'key-a');
});

test('the last key is never given up: there is nothing to lose, and it may be well again', () => {
  const { ring, has } = setUp();
  has({ a: 'key-a' });
  for (let i = 0; i < 2; i++) {
    use(ring, 'key-a', answer(401));
    assert.equal(ring.isWell(), false);
  }
});

test('a limited key rests until its time, told or by the reset of what is used up', () => {
  const { ring, has, pass, reset } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(ring, 'key-a', answer(429, { retryAfterMs: 5_000 })), true);
  assert.equal(states(ring)['a'], 'resting');
  const headers = {
    'anthropic-ratelimit-input-tokens-limit': '1000',
    'anthropic-ratelimit-input-tokens-remaining': '0',
    'anthropic-ratelimit-input-tokens-reset': reset(9_000),
  };
  use(ring, 'key-b', answer(429, { headers }));
  assert.equal(ring.isWell(), false);
  assert.equal(ring.pick().secret.reveal(), 'key-a', 'it is back before the other');
  pass(9_000);
  assert.deepEqual(states(ring), { a: 'active', b: 'active' });
});

test('a 429 that is not about the key leaves it in use', () => {
  const { ring, has } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(ring, 'key-a', answer(429)), false);
  assert.equal(states(ring)['a'], 'active');
});

test('a key that is answered well again is well at once, unless it was asked before', () => {
  const { ring, has, pass } = setUp();
  has({ a: 'key-a' });
  const before = ring.pick();
  pass(1);
  use(ring, 'key-a', answer(401));
  before.learn(answer(200));
  assert.equal(states(ring)['a'], 'refused');
  pass(1);
  use(ring, 'key-a', answer(200));
  assert.equal(states(ring)['a'], 'active');
});

test('keys that all lack a right are well: it was about what was asked for', () => {
  const { ring, has } = setUp();
  has({ a: 'key-a', b: 'key-b', c: 'key-c' });
  const left = new Set<string>();
  for (const value of ['key-a', 'key-b', 'key-c']) {
    const key = ring.pick(left);
    assert.equal(key.secret.reveal(), value);
    key.learn(answer(403));
    left.add(value);
  }
  assert.deepEqual(states(ring), { a: 'active', b: 'active', c: 'active' });
  assert.equal(ring.isWell(left), false, 'the call itself has met them all');
});

test('a call does not meet a key twice while another is well', () => {
  const { ring, has } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(ring.pick(new Set(['key-a'])).secret.reveal(), 'key-b');
  assert.equal(ring.pick(new Set(['key-a', 'key-b'])).secret.reveal(), 'key-a');
});

test('a rest of no time is none, one of ages ends within a day', () => {
  const { ring, has, pass } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(ring, 'key-a', answer(429, { retryAfterMs: 10 })), false);
  use(ring, 'key-a', answer(429, { retryAfterMs: Number.POSITIVE_INFINITY }));
  use(ring, 'key-b', answer(200));
  pass(24 * 3_600_000);
  assert.equal(states(ring)['a'], 'active');
});

test('a used-up spend limit is a refusal', () => {
  const { ring, has } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  assert.equal(use(ring, 'key-a', answer(429, { spent: true })), true);
  assert.equal(states(ring)['a'], 'refused');
});

test('keys share the calls by what each has left; unknown is full, and reset is full again', () => {
  let n = 0;
  const { ring, has, pass, reset } = setUp(() => (n++ % 100) / 100);
  has({ a: 'key-a', b: 'key-b' });
  const headers = {
    'anthropic-ratelimit-requests-limit': '100',
    'anthropic-ratelimit-requests-remaining': '25',
    'anthropic-ratelimit-requests-reset': reset(10_000),
    'anthropic-ratelimit-tokens-limit': 'many',
  };
  use(ring, 'key-a', answer(200, { headers }));
  n = 0;
  const shareOfA = () =>
    Array.from({ length: 100 }, () => ring.pick().secret.reveal()).filter(
      (value) => value === 'key-a',
    ).length;
  assert.equal(shareOfA(), 20);
  assert.deepEqual([...(ring.view()[0]?.limits.keys() ?? [])], ['requests'], 'no made-up number');
  assert.equal(ring.view()[1]?.limits.size, 0);
  pass(10_000);
  assert.equal(shareOfA(), 50);
});

test('rotation: the new one at once, the old one where the new is not well yet, then gone', () => {
  const { ring, has, pass } = setUp();
  assert.equal(has({ default: 'old-key' }), true);
  assert.equal(has({ default: 'old-key' }), false);
  assert.equal(has({ default: 'new-key' }), true);
  assert.deepEqual(states(ring), { default: 'active', 'default-old': 'retiring' });
  assert.equal(use(ring, 'new-key', answer(401)), true);
  assert.equal(ring.pick().secret.reveal(), 'old-key');
  assert.deepEqual(
    ring.valid().map(({ secret }) => secret.reveal()),
    ['new-key', 'old-key'],
  );
  pass(30_000);
  assert.equal(ring.pick().secret.reveal(), 'new-key');
  pass(30_000);
  assert.deepEqual(
    ring.valid().map(({ secret }) => secret.reveal()),
    ['new-key'],
  );
  assert.deepEqual(states(ring), { default: 'active' });
});

test('what is read again and again does not prolong an overlap, nor forget what is known', () => {
  const { ring, has, pass } = setUp();
  has({ a: 'key-a', b: 'key-b' });
  use(ring, 'key-a', answer(401));
  for (let i = 0; i < 6; i++) {
    assert.equal(has({ a: 'key-a' }, { b: 'key-b' }), i === 0);
    pass(10_000);
  }
  assert.deepEqual(
    ring.valid().map(({ secret }) => secret.reveal()),
    ['key-a'],
  );
  assert.equal(has({ a: 'key-a' }, { b: 'key-b' }), false);
  assert.deepEqual(
    ring.valid().map(({ secret }) => secret.reveal()),
    ['key-a'],
    'it is not back',
  );
});

test('a previous key of a source is valid at the start', () => {
  const { ring, has } = setUp();
  has({ default: 'new-key' }, { default: 'old-key' });
  assert.deepEqual(states(ring), { default: 'active', 'default-old': 'retiring' });
  assert.equal(use(ring, 'new-key', answer(401)), true);
  assert.equal(ring.pick().secret.reveal(), 'old-key');
});

test('one key under two aliases keeps what is known of both', () => {
  const { ring, has } = setUp();
  has({ a: 'key-a', b: 'key-a' });
  use(ring, 'key-a', answer(401));
  assert.equal(has({ a: 'key-a', b: 'key-a' }), false);
  assert.deepEqual(states(ring), { a: 'refused', b: 'active' });
});

test('a rotation back makes the old key current again, with what is known of it', () => {
  const { ring, has } = setUp();
  has({ default: 'old-key' });
  has({ default: 'new-key' });
  has({ default: 'old-key' });
  assert.equal(ring.pick().secret.reveal(), 'old-key');
  assert.deepEqual(states(ring), { default: 'active', 'default-old': 'retiring' });
});

test('a key shows itself nowhere', () => {
  const secret = createSecret('sk-very-secret');
  const { ring, has } = setUp();
  has({ a: 'sk-very-secret' });
  const picked = { ...ring.pick(), valid: ring.valid()[0]?.secret };
  assert(!inspect([picked, ring]).includes('very'));
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

/** The keys of a pool by group of limits: what one group learns, or suffers, is nothing to another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyPool } from './key-pool.ts';
import { createLimitGroups, type LimitUse } from './limit-groups.ts';
import type { KeyResponse } from './pooled-key.ts';
import { createSecret } from './secret.ts';

const limitUseOf = createLimitGroups(['claude-opus-5-5', 'claude-haiku-5-5']);
const OPUS = limitUseOf({ operation: 'chat', model: 'claude-opus-5-5' });
const OPUS_FAST = limitUseOf({ operation: 'chat', model: 'claude-opus-5-5', fast: true });
const HAIKU = limitUseOf({ operation: 'chat', model: 'claude-haiku-5-5' });

function setUp(aliases: readonly string[], random: () => number = () => 0) {
  let nowMs = 1_000_000;
  let setBackMs = 0;
  const wallClock = () => nowMs - setBackMs;
  const pool = new KeyPool({ gracePeriodMs: 0 }, { now: () => nowMs, wallClock, random });
  pool.update({ current: aliases.map((alias) => ({ alias, secret: createSecret(alias) })) });
  return {
    pool,
    pass: (ms: number) => {
      nowMs += ms;
    },
    setBack: (ms: number) => {
      setBackMs = ms;
    },
    /** Headers of one limit. */
    left(remaining: number, limit: number, { resetsInMs = 60_000, prefix = 'ratelimit' } = {}) {
      const name = `anthropic-${prefix}-input-tokens`;
      return {
        [`${name}-limit`]: String(limit),
        [`${name}-remaining`]: String(remaining),
        [`${name}-reset`]: new Date(wallClock() + resetsInMs).toISOString(),
      };
    },
    /** How many of a thousand attempts get this key. */
    shareOf(alias: string, use: LimitUse): number {
      const picked = Array.from({ length: 1_000 }, () => pool.pick(use).alias);
      return picked.filter((one) => one === alias).length / 1_000;
    },
    groups: (i = 0) =>
      Object.fromEntries(
        (pool.view()[i]?.groups ?? []).map(({ family, resting, limits }) => [
          family,
          { resting, left: limits.get('input-tokens')?.remaining },
        ]),
      ),
  };
}

const answer = (status: number, part: Partial<KeyResponse> = {}): KeyResponse => ({
  status,
  headers: {},
  retryAfterMs: undefined,
  rejected: status === 401 || status === 403,
  ...part,
});
const evenly = () => {
  let n = 0;
  return () => (n++ % 1_000) / 1_000;
};

test('key limits: a 429 rests the key for its group alone, a rejection for all', () => {
  const { pool, groups } = setUp(['a', 'b']);
  assert.equal(pool.pick(OPUS).report(answer(429, { retryAfterMs: 5_000 })), true);
  assert.equal(pool.pick(OPUS).alias, 'b');
  assert.equal(pool.pick(HAIKU).alias, 'a');
  assert.equal(pool.pick(OPUS_FAST).alias, 'a');
  assert.deepEqual(groups(), { 'claude-opus-5-5': { resting: true, left: undefined } });
  assert.equal(pool.view()[0]?.state, 'cooling_down');
  pool.pick(HAIKU).report(answer(401));
  for (const use of [OPUS, HAIKU, OPUS_FAST]) assert.equal(pool.pick(use).alias, 'b');
});

test('key limits: the last key is never withheld, in any group', () => {
  const { pool, pass } = setUp(['a', 'b']);
  const limited = (ms: number) => pool.pick(OPUS).report(answer(429, { retryAfterMs: ms }));
  limited(9_000);
  limited(5_000);
  assert.equal(pool.hasHealthy(OPUS), false);
  assert.equal(pool.hasHealthy(HAIKU), true);
  assert.equal(pool.pick(OPUS).alias, 'b', 'it recovers first');
  assert.equal(pool.pick(HAIKU).alias, 'a');
  pass(5_000);
  assert.equal(pool.hasHealthy(OPUS), true);
});

test('key limits: keys are weighed by what is left to the group', () => {
  const { pool, left, shareOf } = setUp(['a', 'b'], evenly());
  const [a, b] = [pool.pick(OPUS), pool.pick(OPUS, new Set(['a']))];
  a.report(answer(200, { headers: left(25, 100) }));
  b.report(answer(200, { headers: left(75, 100) }));
  assert.equal(shareOf('a', OPUS), 0.25);
  assert.equal(shareOf('a', HAIKU), 0.5, 'nothing is known of it');
});

test('key limits: an answer in fast mode tells the limits of both speeds, each by its own headers', () => {
  const { pool, left, groups } = setUp(['a']);
  const headers = { ...left(80, 100), ...left(7, 10, { prefix: 'fast' }) };
  pool.pick(OPUS_FAST).report(answer(200, { headers }));
  assert.deepEqual(groups(), {
    'claude-opus-5-5': { resting: false, left: 80 },
    'claude-opus-5-5-fast': { resting: false, left: 7 },
  });
  const usedUp = { ...left(80, 100), ...left(0, 10, { prefix: 'fast' }) };
  assert.equal(pool.pick(OPUS_FAST).report(answer(429, { headers: usedUp })), true);
  assert.equal(pool.hasHealthy(OPUS_FAST), false);
  assert.equal(pool.hasHealthy(OPUS), true);
});

test('key limits: of two answers out of order the one to the later attempt is believed', () => {
  const { pool, pass, left, groups } = setUp(['a']);
  const early = pool.pick(OPUS);
  pass(1);
  const late = pool.pick(OPUS);
  late.report(answer(200, { headers: left(40, 100) }));
  pass(50_000);
  early.report(answer(200, { headers: left(90, 100) }));
  assert.equal(groups()['claude-opus-5-5']?.left, 40);
  pool.pick(OPUS).report(answer(200, { headers: left(60, 100) }));
  assert.equal(groups()['claude-opus-5-5']?.left, 60);
});

test('key limits: a 429 that arrives late rests the key by its own headers', () => {
  const { pool, pass, left, groups } = setUp(['a', 'b']);
  const early = pool.pick(OPUS);
  pass(1);
  pool.pick(OPUS).report(answer(200, { headers: left(40, 100) }));
  assert.equal(early.report(answer(429, { headers: left(0, 100, { resetsInMs: 9_000 }) })), true);
  assert.deepEqual(groups(), { 'claude-opus-5-5': { resting: true, left: 40 } });
  pass(9_000);
  assert.equal(groups()['claude-opus-5-5']?.resting, false);
});

test('key limits: a success ends the rest of its group, unless a 429 came after it began', () => {
  const { pool, pass } = setUp(['a']);
  const limit = () => pool.pick(OPUS).report(answer(429, { retryAfterMs: 60_000 }));
  limit();
  pass(1);
  const between = pool.pick(OPUS);
  pool.pick(HAIKU).report(answer(200));
  assert.equal(pool.hasHealthy(OPUS), false, 'a success of another group');
  pass(1);
  limit();
  between.report(answer(200));
  assert.equal(pool.hasHealthy(OPUS), false, 'it had begun before the second 429');
  pass(1);
  pool.pick(OPUS).report(answer(200));
  assert.equal(pool.hasHealthy(OPUS), true);
});

test('key limits: keys that recover from a 403 of all keep their rests', () => {
  const { pool } = setUp(['a', 'b']);
  pool.pick(OPUS).report(answer(429, { retryAfterMs: 60_000 }));
  pool.pick(HAIKU).report(answer(403));
  pool.pick(HAIKU).report(answer(403));
  assert.deepEqual(
    pool.view().map(({ state }) => state),
    ['cooling_down', 'active'],
  );
});

test('key limits: of many 429s in flight the longest wait counts, in whatever order they arrive', () => {
  const { pool, pass } = setUp(['a']);
  const inFlight = [9_000, 60_000, 1_000, 50].map((ms) => [pool.pick(OPUS), ms] as const);
  for (const [key, retryAfterMs] of inFlight) key.report(answer(429, { retryAfterMs }));
  pass(59_999);
  assert.equal(pool.hasHealthy(OPUS), false);
  pass(1);
  assert.equal(pool.hasHealthy(OPUS), true);
});

test('key limits: a limit of nothing, that of a mode nobody may use, makes no key worse', () => {
  const { pool, left, shareOf } = setUp(['a', 'b'], evenly());
  pool.pick(OPUS_FAST).report(answer(200, { headers: left(0, 0, { prefix: 'fast' }) }));
  assert.equal(shareOf('a', OPUS_FAST), 0.5);
});

test('key limits: a wait that is no time rests nothing, and an endless one a day', () => {
  for (const retryAfterMs of [Number.NaN, -1, 0, 49]) {
    const { pool } = setUp(['a']);
    assert.equal(pool.pick(OPUS).report(answer(429, { retryAfterMs })), false, `${retryAfterMs}`);
    assert.equal(pool.hasHealthy(OPUS), true);
  }
  const { pool, pass } = setUp(['a']);
  pool.pick(OPUS).report(answer(429, { retryAfterMs: Number.POSITIVE_INFINITY }));
  pass(86_400_000);
  assert.equal(pool.hasHealthy(OPUS), true);
});

test('key limits: a clock that jumps makes no key worse for longer than the upstream said', () => {
  for (const jumpMs of [86_400_000, -86_400_000]) {
    const { pool, pass, setBack, left, groups, shareOf } = setUp(['a', 'b'], evenly());
    pool.pick(OPUS).report(answer(200, { headers: left(0, 100) }));
    pool.pick(HAIKU).report(answer(429, { headers: left(0, 100) }));
    setBack(jumpMs);
    assert.equal(shareOf('a', OPUS) < 0.01, true);
    assert.equal(groups()['claude-haiku-5-5']?.resting, true);
    pass(60_000);
    assert.equal(shareOf('a', OPUS), 0.5);
    assert.deepEqual(groups()['claude-haiku-5-5'], { resting: false, left: 100 });
  }
});

test('key limits: invented models fill no memory', () => {
  const { pool, left } = setUp(['a']);
  for (let i = 0; i < 10_000; i++) {
    const use = limitUseOf({ operation: 'chat', model: `claude-opus-${i + 6}`, fast: i % 2 === 0 });
    const headers = { ...left(1, 10), ...left(1, 10, { prefix: 'fast' }) };
    pool.pick(use).report(answer(i % 3 === 0 ? 429 : 200, { headers, retryAfterMs: 1_000 }));
  }
  assert.equal(pool.view()[0]?.groups.length, 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryNonces } from './nonces.ts';

const TTL_MS = 600;

function setUp(maxEntries: number) {
  let nowMs = 0;
  const nonces = createMemoryNonces({ maxEntries }, { now: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { pass, size: nonces.size, seen: (nonce: string) => nonces.seen(nonce, TTL_MS) };
}

test('a nonce is new once, and new again when its time is over', () => {
  const { pass, seen } = setUp(10);
  assert.equal(seen('a'), false);
  pass(TTL_MS - 1);
  assert.equal(seen('a'), true);
  assert.equal(seen('b'), false);
  pass(1);
  assert.equal(seen('a'), false);
});

test('when it is full it refuses new ones, still knows the old ones, and forgets none early', () => {
  const { pass, seen, size } = setUp(2);
  seen('a');
  pass(1);
  seen('b');
  assert.throws(() => seen('c'), /full/);
  assert.equal(seen('a'), true);
  assert.equal(size(), 2);
  pass(TTL_MS - 1);
  assert.equal(seen('c'), false);
  assert.equal(seen('b'), true);
});

test('what is over is dropped: memory follows the rate, not the history', () => {
  const { pass, seen, size } = setUp(1_000);
  for (let i = 0; i < 10_000; i++) {
    seen(`nonce-${i}`);
    pass(10);
  }
  assert.equal(size(), TTL_MS / 10);
});

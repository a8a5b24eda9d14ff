import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryNonces } from './nonces.ts';

const TTL_MS = 600;

function setUp(maxEntries: number) {
  let nowMs = 0;
  const nonces = new MemoryNonces({ maxEntries }, { now: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { pass, size: () => nonces.size, seen: (nonce: string) => nonces.seen(nonce, TTL_MS) };
}

test('MemoryNonces: a nonce is new once, and new again after its time', () => {
  const { pass, seen } = setUp(10);
  assert.equal(seen('a'), false);
  pass(TTL_MS - 1);
  assert.equal(seen('a'), true);
  assert.equal(seen('b'), false);
  pass(1);
  assert.equal(seen('a'), false);
});

test('MemoryNonces: a full store refuses new nonces and forgets no old one early', () => {
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

test('MemoryNonces: expired nonces are dropped, so memory follows the rate and not the history', () => {
  const { pass, seen, size } = setUp(1_000);
  for (let i = 0; i < 10_000; i++) {
    seen(`nonce-${i}`);
    pass(10);
  }
  assert.equal(size(), TTL_MS / 10);
});

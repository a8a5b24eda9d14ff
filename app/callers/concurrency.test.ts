import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConcurrencyLimiter } from './concurrency.ts';

const STAYS = new AbortController().signal;

test('ConcurrencyLimiter: calls over the limit wait, calls over the queue are refused with a time to retry', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 2, queue: 1, waitMs: 60_000 });
  const first = await limiter.acquire(STAYS);
  await limiter.acquire(STAYS);
  const third = limiter.acquire(STAYS);
  assert.deepEqual(limiter.counts(), { active: 2, queued: 1 });
  await assert.rejects(limiter.acquire(STAYS), { code: 'shed', status: 503, retryAfterMs: 1_000 });
  first();
  await third;
  assert.deepEqual(limiter.counts(), { active: 2, queued: 0 });
});

test('ConcurrencyLimiter: the call that has waited longest is next', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 3, waitMs: 60_000 });
  let release = await limiter.acquire(STAYS);
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (n) => {
    const done = await limiter.acquire(STAYS);
    order.push(n);
    return done;
  });
  for (const next of waiting) {
    release();
    release = await next;
  }
  assert.deepEqual(order, [1, 2, 3]);
  release();
  assert.deepEqual(limiter.counts(), { active: 0, queued: 0 });
});

test('ConcurrencyLimiter: releasing twice frees one slot', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 2, queue: 0, waitMs: 60_000 });
  const release = await limiter.acquire(STAYS);
  await limiter.acquire(STAYS);
  release();
  release();
  assert.equal(limiter.counts().active, 1);
});

test('ConcurrencyLimiter: a caller who leaves while waiting leaves the queue, and one who has left gets no slot', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 1, waitMs: 60_000 });
  const release = await limiter.acquire(STAYS);
  const caller = new AbortController();
  const waiting = limiter.acquire(caller.signal);
  caller.abort();
  await assert.rejects(waiting, { code: 'client_cancelled' });
  assert.deepEqual(limiter.counts(), { active: 1, queued: 0 });
  await assert.rejects(limiter.acquire(caller.signal), { code: 'client_cancelled' });
  release();
  assert.equal(limiter.counts().active, 0);
});

test('ConcurrencyLimiter: no call waits longer than the limit', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 1, waitMs: 5 });
  const release = await limiter.acquire(STAYS);
  await assert.rejects(limiter.acquire(STAYS), { code: 'shed', retryAfterMs: 1_000 });
  assert.deepEqual(limiter.counts(), { active: 1, queued: 0 });
  release();
  assert.equal(limiter.counts().active, 0);
});

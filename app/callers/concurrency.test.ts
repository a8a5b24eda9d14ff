import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConcurrencyLimiter } from './concurrency.ts';

const STAYS = new AbortController().signal;

test('ConcurrencyLimiter: calls over the limit wait, calls over the queue are refused with a time to retry', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 2, queue: 1, waitMs: 60_000, paused: 10 });
  const first = await limiter.acquire(STAYS);
  await limiter.acquire(STAYS);
  const third = limiter.acquire(STAYS);
  assert.deepEqual(limiter.counts(), { active: 2, queued: 1, paused: 0 });
  await assert.rejects(limiter.acquire(STAYS), { code: 'shed', status: 503, retryAfterMs: 1_000 });
  first.release();
  await third;
  assert.deepEqual(limiter.counts(), { active: 2, queued: 0, paused: 0 });
});

test('ConcurrencyLimiter: the call that has waited longest is next', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 3, waitMs: 60_000, paused: 10 });
  let release = await limiter.acquire(STAYS);
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (n) => {
    const done = await limiter.acquire(STAYS);
    order.push(n);
    return done;
  });
  for (const next of waiting) {
    release.release();
    release = await next;
  }
  assert.deepEqual(order, [1, 2, 3]);
  release.release();
  assert.deepEqual(limiter.counts(), { active: 0, queued: 0, paused: 0 });
});

test('ConcurrencyLimiter: releasing twice frees one slot', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 2, queue: 0, waitMs: 60_000, paused: 10 });
  const release = await limiter.acquire(STAYS);
  await limiter.acquire(STAYS);
  release.release();
  release.release();
  assert.equal(limiter.counts().active, 1);
});

test('ConcurrencyLimiter: a caller who leaves while waiting leaves the queue, and one who has left gets no slot', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 1, waitMs: 60_000, paused: 10 });
  const release = await limiter.acquire(STAYS);
  const caller = new AbortController();
  const waiting = limiter.acquire(caller.signal);
  caller.abort();
  await assert.rejects(waiting, { code: 'client_cancelled' });
  assert.deepEqual(limiter.counts(), { active: 1, queued: 0, paused: 0 });
  await assert.rejects(limiter.acquire(caller.signal), { code: 'client_cancelled' });
  release.release();
  assert.equal(limiter.counts().active, 0);
});

test('ConcurrencyLimiter: no call waits longer than the limit', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 1, waitMs: 5, paused: 10 });
  const release = await limiter.acquire(STAYS);
  await assert.rejects(limiter.acquire(STAYS), { code: 'shed', retryAfterMs: 1_000 });
  assert.deepEqual(limiter.counts(), { active: 1, queued: 0, paused: 0 });
  release.release();
  assert.equal(limiter.counts().active, 0);
});

test('ConcurrencyLimiter: a paused call leaves its slot to others and gets the next one back first', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 3, waitMs: 60_000, paused: 10 });
  const paused = await limiter.acquire(STAYS);
  paused.pause();
  assert.deepEqual(limiter.counts(), { active: 0, queued: 0, paused: 1 });
  const other = await limiter.acquire(STAYS);
  const order: string[] = [];
  const waiting = limiter.acquire(STAYS).then((place) => {
    order.push('new');
    return place;
  });
  const resumed = paused.resume(STAYS).then(() => order.push('resumed'));
  other.release();
  await resumed;
  paused.release();
  (await waiting).release();
  assert.deepEqual(order, ['resumed', 'new']);
  assert.deepEqual(limiter.counts(), { active: 0, queued: 0, paused: 0 });
});

test('ConcurrencyLimiter: a paused call that ends, or whose signal is aborted, leaves nothing behind', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 0, waitMs: 60_000, paused: 10 });
  const gone = await limiter.acquire(STAYS);
  gone.pause();
  gone.release();
  await gone.resume(STAYS);
  assert.deepEqual(limiter.counts(), { active: 0, queued: 0, paused: 0 });

  const late = await limiter.acquire(STAYS);
  late.pause();
  const other = await limiter.acquire(STAYS);
  const deadline = new AbortController();
  const resuming = late.resume(deadline.signal);
  deadline.abort(new Error('too late'));
  await assert.rejects(resuming, /too late/);
  late.release();
  other.release();
  assert.deepEqual(limiter.counts(), { active: 0, queued: 0, paused: 0 });
});

test('ConcurrencyLimiter: a call whose caller leaves just when its turn comes gives the slot back', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 0, waitMs: 60_000, paused: 10 });
  const paused = await limiter.acquire(STAYS);
  paused.pause();
  const other = await limiter.acquire(STAYS);
  const resuming = paused.resume(STAYS);
  other.release();
  paused.release();
  await resuming;
  assert.deepEqual(limiter.counts(), { active: 0, queued: 0, paused: 0 });
});

test('ConcurrencyLimiter: beyond the limit of paused calls a call keeps its slot', async () => {
  const limiter = new ConcurrencyLimiter({ limit: 2, queue: 0, waitMs: 60_000, paused: 1 });
  const one = await limiter.acquire(STAYS);
  const two = await limiter.acquire(STAYS);
  one.pause();
  two.pause();
  assert.deepEqual(limiter.counts(), { active: 1, queued: 0, paused: 1 });
  await two.resume(STAYS);
  two.release();
  assert.equal(limiter.counts().active, 0);
});

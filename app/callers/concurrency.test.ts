import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAdmission } from './concurrency.ts';

const STAYS = new AbortController().signal;

test('so many get in, a few wait, the rest are refused at once with a time to come again', async () => {
  const admission = createAdmission({ limit: 2, queue: 1, waitMs: 60_000 });
  const first = await admission.enter(STAYS);
  await admission.enter(STAYS);
  const third = admission.enter(STAYS);
  assert.deepEqual(admission.counts(), { active: 2, queued: 1 });
  await assert.rejects(admission.enter(STAYS), { code: 'shed', status: 503, retryAfterMs: 1_000 });
  first();
  await third;
  assert.deepEqual(admission.counts(), { active: 2, queued: 0 });
});

test('who has waited longest is next', async () => {
  const admission = createAdmission({ limit: 1, queue: 3, waitMs: 60_000 });
  let leave = await admission.enter(STAYS);
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (n) => {
    const done = await admission.enter(STAYS);
    order.push(n);
    return done;
  });
  for (const next of waiting) {
    leave();
    leave = await next;
  }
  assert.deepEqual(order, [1, 2, 3]);
  leave();
  assert.deepEqual(admission.counts(), { active: 0, queued: 0 });
});

test('leaving twice gives up one place', async () => {
  const admission = createAdmission({ limit: 2, queue: 0, waitMs: 60_000 });
  const leave = await admission.enter(STAYS);
  await admission.enter(STAYS);
  leave();
  leave();
  assert.equal(admission.counts().active, 1);
});

test('who goes away while waiting gives up his place, and one who has gone gets none', async () => {
  const admission = createAdmission({ limit: 1, queue: 1, waitMs: 60_000 });
  const leave = await admission.enter(STAYS);
  const caller = new AbortController();
  const waiting = admission.enter(caller.signal);
  caller.abort();
  await assert.rejects(waiting, { code: 'client_cancelled' });
  assert.deepEqual(admission.counts(), { active: 1, queued: 0 });
  await assert.rejects(admission.enter(caller.signal), { code: 'client_cancelled' });
  leave();
  assert.equal(admission.counts().active, 0);
});

test('nobody waits longer than the limit', async () => {
  const admission = createAdmission({ limit: 1, queue: 1, waitMs: 5 });
  const leave = await admission.enter(STAYS);
  await assert.rejects(admission.enter(STAYS), { code: 'shed', retryAfterMs: 1_000 });
  assert.deepEqual(admission.counts(), { active: 1, queued: 0 });
  leave();
  assert.equal(admission.counts().active, 0);
});

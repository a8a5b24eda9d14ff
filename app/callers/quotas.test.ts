import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Caller } from './callers.ts';
import { Quotas } from './quotas.ts';

/** @returns one caller with these limits, and a clock that passes by hand */
function setUp(t: TestContext, limits: Caller['limits']) {
  // The library counts by the system's clock.
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const refused: string[] = [];
  const quotas = new Quotas({
    redis: undefined,
    onExceeded: (caller, quota) => refused.push(`${caller} ${quota}`),
  });
  const caller: Caller = { name: 'search', limits };
  const acquire = (who = caller) => quotas.acquire(who);
  const exceeded = (quota: string) => ({
    code: 'quota_exceeded',
    status: 429,
    message: new RegExp(quota),
  });
  return {
    caller,
    exceeded,
    refused,
    acquire,
    check: () => quotas.check(caller),
    pass: (ms: number) => t.mock.timers.tick(ms),
  };
}

test('Quotas: a caller without limits is never refused', async (t) => {
  const { acquire } = setUp(t, {});
  for (let i = 0; i < 1_000; i++) await acquire();
});

test('Quotas: a request over the minute’s is refused with the time until the next is allowed', async (t) => {
  const { exceeded, pass, refused, acquire } = setUp(t, { requestsPerMinute: 3 });
  for (let i = 0; i < 3; i++) (await acquire())(0);
  pass(20_000);
  await assert.rejects(acquire(), { ...exceeded('requests'), retryAfterMs: 40_000 });
  assert.deepEqual(refused, ['search requests']);
  pass(40_000);
  await acquire();
});

test('Quotas: tokens are counted when a call has ended, and a caller over them waits', async (t) => {
  const { exceeded, pass, acquire } = setUp(t, { tokensPerMinute: 100 });
  const [one, other] = [await acquire(), await acquire()];
  one(60);
  other(60);
  await assert.rejects(acquire(), exceeded('tokens'));
  pass(60_000);
  await acquire();
});

test('Quotas: a concurrent call is free again when its call has ended', async (t) => {
  const { exceeded, acquire } = setUp(t, { concurrent: 2 });
  const release = await acquire();
  await acquire();
  await assert.rejects(acquire(), { ...exceeded('concurrent'), retryAfterMs: 1_000 });
  release(0);
  await acquire();
});

test('Quotas: a refused request holds no concurrent call, and a refused concurrent call takes no request', async (t) => {
  const { exceeded, acquire } = setUp(t, { requestsPerMinute: 2, concurrent: 1 });
  const release = await acquire();
  await assert.rejects(acquire(), exceeded('concurrent'));
  release(0);
  (await acquire())(0);
  await assert.rejects(acquire(), exceeded('requests'));
  await assert.rejects(acquire(), exceeded('requests'));
});

test('Quotas: each caller has their own', async (t) => {
  const { caller, exceeded, acquire } = setUp(t, { requestsPerMinute: 1 });
  await acquire();
  await acquire({ ...caller, name: 'other' });
  await assert.rejects(acquire(), exceeded('requests'));
});

test('Quotas: check refuses a caller who has used up requests or tokens, and takes nothing itself', async (t) => {
  const { acquire, check, exceeded, pass, refused } = setUp(t, {
    requestsPerMinute: 2,
    tokensPerMinute: 100,
  });
  for (let i = 0; i < 10; i++) await check();
  (await acquire())(0);
  await check();
  (await acquire())(0);
  await assert.rejects(check(), exceeded('requests'));
  pass(60_000);
  await check();
  (await acquire())(100);
  await assert.rejects(check(), exceeded('tokens'));
  assert.deepEqual(refused, ['search requests', 'search tokens']);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Caller, CallerLimits } from './callers.ts';
import { createLimits } from './quotas.ts';

function setUp(t: TestContext, limits: CallerLimits) {
  // The library counts by the system's clock.
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const refused: string[] = [];
  const made = createLimits({
    redis: undefined,
    onRefused: (caller, by) => refused.push(`${caller} ${by}`),
  });
  const caller: Caller = { name: 'search', limits };
  const take = (who = caller) => made.take(who);
  const limited = (by: string) => ({
    code: 'quota_exceeded',
    status: 429,
    message: new RegExp(by),
  });
  return { caller, limited, refused, take, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test('who has no limits is not limited', async (t) => {
  const { take } = setUp(t, {});
  for (let i = 0; i < 1_000; i++) await take();
});

test('requests a minute: the next is refused with the time until it is allowed', async (t) => {
  const { limited, pass, refused, take } = setUp(t, { requestsPerMinute: 3 });
  for (let i = 0; i < 3; i++) (await take())(0);
  pass(20_000);
  await assert.rejects(take(), { ...limited('requests'), retryAfterMs: 40_000 });
  assert.deepEqual(refused, ['search requests']);
  pass(40_000);
  await take();
});

test('tokens a minute: counted when a call has ended; who is over waits', async (t) => {
  const { limited, pass, take } = setUp(t, { tokensPerMinute: 100 });
  const [one, other] = [await take(), await take()];
  one(60);
  other(60);
  await assert.rejects(take(), limited('tokens'));
  pass(60_000);
  await take();
});

test('calls at once: a place is free when its call has ended', async (t) => {
  const { limited, take } = setUp(t, { concurrent: 2 });
  const leave = await take();
  await take();
  await assert.rejects(take(), { ...limited('concurrent'), retryAfterMs: 1_000 });
  leave(0);
  await take();
});

test('a refused request takes no place, and a full house takes no request', async (t) => {
  const { limited, take } = setUp(t, { requestsPerMinute: 2, concurrent: 1 });
  const leave = await take();
  await assert.rejects(take(), limited('concurrent'));
  leave(0);
  (await take())(0);
  await assert.rejects(take(), limited('requests'));
  await assert.rejects(take(), limited('requests'));
});

test('one caller’s limit is not another’s', async (t) => {
  const { caller, limited, take } = setUp(t, { requestsPerMinute: 1 });
  await take();
  await take({ ...caller, name: 'other' });
  await assert.rejects(take(), limited('requests'));
});

/** Limits that two instances share through a real Redis, and what they do while it is down. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createRedisNonces } from '../http/verify-caller.ts';
import { Redactor } from '../privacy/redactor.ts';
import { createLogger } from '../telemetry/logger.ts';
import { skipRedis, startRedis } from '../testing/redis.ts';
import type { Caller } from './callers.ts';
import { createPlaces } from './places.ts';
import { createLimits, type Limits } from './quotas.ts';
import { createRedis } from './redis.ts';

const redactor = new Redactor({ secrets: () => [] });
const logger = createLogger({
  level: 'silent',
  service: 'test',
  redactor,
  sinks: [],
});

/** An instance with a connection of its own. */
async function anInstance(t: TestContext, url: string) {
  const redis = createRedis(url, logger);
  assert(redis);
  t.after(() => redis.disconnect());
  await once(redis, 'ready');
  return { redis, limits: createLimits({ redis, onRefused() {} }) };
}

/** @returns how many of `n` got in */
async function let_in(limits: Limits, caller: Caller, n: number): Promise<number> {
  const taken = await Promise.allSettled(Array.from({ length: n }, () => limits.take(caller)));
  return taken.filter(({ status }) => status === 'fulfilled').length;
}

describe('limits in Redis', { skip: skipRedis, concurrency: false }, () => {
  test('requests, tokens and places are shared by all instances', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const [one, other] = await Promise.all([anInstance(t, server.url), anInstance(t, server.url)]);

    const requests = { name: 'requests', limits: { requestsPerMinute: 100 } };
    const got = await Promise.all([
      let_in(one.limits, requests, 80),
      let_in(other.limits, requests, 80),
    ]);
    assert.equal(got[0] + got[1], 100);

    const tokens = { name: 'tokens', limits: { tokensPerMinute: 100 } };
    (await one.limits.take(tokens))(100);
    await assert.rejects(
      async () => {
        // What was used arrives a moment later.
        for (let i = 0; i < 1_000; i++) (await other.limits.take(tokens))(0);
      },
      { code: 'quota_exceeded' },
    );

    const places = { name: 'places', limits: { concurrent: 10 } };
    const held = await Promise.all(Array.from({ length: 8 }, () => one.limits.take(places)));
    assert.equal(await let_in(other.limits, places, 10), 2);
    for (const leave of held) leave(0);
    while ((await let_in(other.limits, places, 1)) === 0);
  });

  test('while Redis is down each instance counts for itself; when it is back they share again', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const { limits, redis } = await anInstance(t, server.url);
    const caller = { name: 'search', limits: { requestsPerMinute: 5, concurrent: 3 } };
    const down = once(redis, 'close');
    await server.stop();
    await down;
    assert.equal(await let_in(limits, caller, 4), 3, 'places are limited here');
    const back = await startRedis(Number(new URL(server.url).port));
    t.after(back.stop);
    await once(redis, 'ready');
    await limits.take({ ...caller, name: 'after' });
    assert.equal((await redis.keys('*after*')).length, 2);
  });

  test('a place is held as long as its call lasts, and a dead Redis ends nothing but the sharing', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const [one, other] = await Promise.all([anInstance(t, server.url), anInstance(t, server.url)]);
    const [here, there] = [one, other].map(({ redis }) => createPlaces('search', 1, redis, 1_000));
    const leave = await here?.enter();
    assert(leave);
    await delay(1_500);
    assert.equal(await there?.enter(), undefined, 'its lease was renewed');
    const down = once(one.redis, 'close');
    await server.stop();
    await down;
    // A renewal fails now; one that nobody caught would end the process.
    await delay(1_500);
    leave();
    assert(await here?.enter());
  });

  test('a Redis that hangs is taken for down, and said to be', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const lines: string[] = [];
    const told = createLogger({
      ...{ level: 'error', service: 'test', redactor },
      sinks: [{ write: (line) => lines.push(line) }],
    });
    const redis = createRedis(server.url, told);
    assert(redis);
    t.after(() => redis.disconnect());
    await once(redis, 'ready');
    const limits = createLimits({ redis, onRefused() {} });
    const caller = { name: 'search', limits: { requestsPerMinute: 100, concurrent: 100 } };
    server.hang();
    const down = new Promise((resolve) => redis.once('close', resolve));
    await limits.take(caller);
    await down;
    const startedMs = performance.now();
    for (let i = 0; i < 20; i++) await limits.take(caller);
    assert(performance.now() - startedMs < 20 * 250, 'each waited for what is down');
    assert.match(lines.join(), /Redis is down/);
  });

  test('a nonce is used once by all instances; without Redis a signature cannot be checked', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const [one, other] = await Promise.all([anInstance(t, server.url), anInstance(t, server.url)]);
    const [here, there] = [createRedisNonces(one.redis), createRedisNonces(other.redis)];
    assert.equal(await here.seen('n', 60_000), false);
    assert.equal(await there.seen('n', 60_000), true);
    const down = once(one.redis, 'close');
    await server.stop();
    await down;
    await assert.rejects(async () => here.seen('m', 60_000));
  });
});

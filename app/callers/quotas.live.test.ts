/** Quotas that two instances share through a real Redis, and what they do while it is down. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { Redactor } from '../privacy/redactor.ts';
import { createLogger } from '../telemetry/logger.ts';
import { eventually } from '../testing/poll.ts';
import { skipRedis, startRedis } from '../testing/redis.ts';
import type { Caller } from './callers.ts';
import { RedisNonces } from './nonces.ts';
import { Quotas } from './quotas.ts';
import { createRedis } from './redis.ts';

const redactor = new Redactor({ secrets: () => [] });
const logger = createLogger({ level: 'silent', service: 'test', redactor, sinks: [] });

/** An instance with a connection of its own. */
async function anInstance(t: TestContext, url: string) {
  const redis = createRedis(url, logger);
  assert(redis);
  t.after(() => redis.disconnect());
  await once(redis, 'ready');
  return { redis, quotas: new Quotas({ redis, onExceeded() {} }) };
}

/** @returns how many of `n` requests were admitted */
async function admitted(quotas: Quotas, caller: Caller, n: number): Promise<number> {
  const results = await Promise.allSettled(Array.from({ length: n }, () => quotas.acquire(caller)));
  return results.filter(({ status }) => status === 'fulfilled').length;
}

describe('quotas in Redis', { skip: skipRedis, concurrency: false }, () => {
  test('Quotas: instances share requests and tokens through Redis, but not concurrent calls', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const [one, other] = await Promise.all([anInstance(t, server.url), anInstance(t, server.url)]);

    const requests = { name: 'requests', limits: { requestsPerMinute: 100 } };
    const counts = await Promise.all([
      admitted(one.quotas, requests, 80),
      admitted(other.quotas, requests, 80),
    ]);
    assert.equal(counts[0] + counts[1], 100);
    for (const { quotas } of [one, other]) {
      await assert.rejects(quotas.check(requests), { code: 'quota_exceeded' });
    }

    const tokens = { name: 'tokens', limits: { tokensPerMinute: 100 } };
    (await one.quotas.acquire(tokens))(100);
    // The tokens that were used reach Redis a moment later.
    await eventually(() =>
      other.quotas.check(tokens).then(
        () => false,
        ({ code }) => code === 'quota_exceeded',
      ),
    );

    const concurrent = { name: 'concurrent', limits: { concurrent: 10 } };
    assert.equal(await admitted(one.quotas, concurrent, 20), 10);
    assert.equal(await admitted(other.quotas, concurrent, 20), 10);
  });

  test('Quotas: instances count for themselves while Redis is down, and share again when it is back', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const { quotas, redis } = await anInstance(t, server.url);
    const caller = { name: 'search', limits: { requestsPerMinute: 3 } };
    const down = once(redis, 'close');
    await server.stop();
    await down;
    assert.equal(await admitted(quotas, caller, 4), 3, 'requests are limited in memory');
    const back = await startRedis(Number(new URL(server.url).port));
    t.after(back.stop);
    await once(redis, 'ready');
    await quotas.acquire({ ...caller, name: 'after' });
    assert.equal((await redis.keys('*after*')).length, 1);
  });

  test('Quotas: a Redis that hangs counts as down, which is logged', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const lines: string[] = [];
    const logger = createLogger({
      level: 'error',
      service: 'test',
      redactor,
      sinks: [{ write: (line) => lines.push(line) }],
    });
    const redis = createRedis(server.url, logger);
    assert(redis);
    t.after(() => redis.disconnect());
    await once(redis, 'ready');
    const quotas = new Quotas({ redis, onExceeded() {} });
    const caller = { name: 'search', limits: { requestsPerMinute: 100 } };
    server.hang();
    const down = new Promise((resolve) => redis.once('close', resolve));
    await quotas.acquire(caller);
    await down;
    const startedMs = performance.now();
    for (let i = 0; i < 20; i++) await quotas.acquire(caller);
    assert(performance.now() - startedMs < 20 * 250, 'each request waited for Redis');
    assert.match(lines.join(), /Redis is down/);
  });

  test('RedisNonces: a nonce is used once by all instances, and none can be checked without Redis', async (t) => {
    const server = await startRedis();
    t.after(server.stop);
    const [one, other] = await Promise.all([anInstance(t, server.url), anInstance(t, server.url)]);
    const [here, there] = [new RedisNonces(one.redis), new RedisNonces(other.redis)];
    assert.equal(await here.seen('n', 60_000), false);
    assert.equal(await there.seen('n', 60_000), true);
    const down = once(one.redis, 'close');
    await server.stop();
    await down;
    await assert.rejects(async () => here.seen('m', 60_000));
  });
});

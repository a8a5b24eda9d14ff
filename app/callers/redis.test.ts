import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { test } from 'node:test';
import { capturedLogger } from '../testing/logs.ts';
// The whole service, of which nothing may load the client.
import '../service.ts';
import { createRedis } from './redis.ts';

const { cache } = createRequire(import.meta.url);
const isLoaded = () => Object.keys(cache).some((path) => path.includes(`${sep}ioredis${sep}`));

test('createRedis: the client is loaded only where a Redis is configured', () => {
  const { logger } = capturedLogger();
  assert.equal(createRedis(undefined, logger), undefined);
  assert.equal(isLoaded(), false);
  createRedis('redis://127.0.0.1:1', logger)?.disconnect();
  assert.equal(isLoaded(), true);
});

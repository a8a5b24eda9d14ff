/** The one connection to Redis, through which instances share quotas and nonces. */
import { createRequire } from 'node:module';
import type { Redis } from 'ioredis';
import type { Logger } from '../telemetry/logger.ts';

/** A slower command is abandoned: counting must not delay calls. */
const COMMAND_TIMEOUT_MS = 250;
const RECONNECT_MS = 1_000;

/** @returns undefined without an address; otherwise a client that connects and reconnects by itself */
export function createRedis(url: string | undefined, logger: Logger): Redis | undefined {
  if (url === undefined) return undefined;
  // Only those who configure Redis pay for its client, which takes about 20 MB of memory.
  const ioredis: typeof import('ioredis') = createRequire(import.meta.url)('ioredis');
  const redis = new ioredis.Redis(url, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A server that hangs is down too: its connection is dropped, which is an error event.
    socketTimeout: 2 * COMMAND_TIMEOUT_MS,
    connectTimeout: 4 * COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => RECONNECT_MS,
  });
  let down = false;
  redis.on('error', (error: Error & { code?: string }) => {
    // Log once, not at each attempt. The message can hold the address, and that a password.
    if (!down)
      logger.error({ code: error.code }, 'Redis is down, falling back to per-instance quotas');
    down = true;
  });
  redis.on('ready', () => {
    if (down) logger.info('Redis is back');
    down = false;
  });
  return redis;
}

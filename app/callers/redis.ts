/** The one connection to Redis, which callers' limits share; without it everything works on. */
import { Redis } from 'ioredis';
import type { Logger } from '../telemetry/logger.ts';

/** A command that takes longer is given up: limits must not hold up calls. */
const COMMAND_TIMEOUT_MS = 250;
const RECONNECT_MS = 1_000;

/** @returns undefined without an address; it connects, and connects again, by itself */
export function createRedis(url: string | undefined, logger: Logger): Redis | undefined {
  if (url === undefined) return undefined;
  const redis = new Redis(url, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    // One that hangs is down too: its connection is dropped, and said so.
    socketTimeout: 2 * COMMAND_TIMEOUT_MS,
    connectTimeout: 4 * COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => RECONNECT_MS,
  });
  let down = false;
  redis.on('error', (error: Error & { code?: string }) => {
    // Once, not with each try; the message can hold the address, which can hold a password.
    if (!down) logger.error({ code: error.code }, 'Redis is down, limits are counted here alone');
    down = true;
  });
  redis.on('ready', () => {
    if (down) logger.info('Redis is back');
    down = false;
  });
  return redis;
}

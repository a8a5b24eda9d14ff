/**
 * What each caller may ask: requests and tokens a minute, and calls at once. Shared by all instances through
 * Redis where there is one; while it is down each instance counts for itself.
 */
import type { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { AppError } from '../errors.ts';
import type { Quota } from '../telemetry/vocabulary.ts';
import type { Caller } from './callers.ts';
import { createPlaces, type Places } from './places.ts';

export interface LimitsDeps {
  /** Undefined counts in memory, for this instance alone. */
  readonly redis: Redis | undefined;
  readonly onRefused: (caller: string, by: Quota) => void;
}

export interface Limits {
  /**
   * Takes one request of the caller's.
   * @returns what must be called when the call has ended, with the tokens that it used
   * @throws {AppError} quota_exceeded
   */
  take(caller: Caller): Promise<(tokens: number) => void>;
}

const SECONDS = 60;

interface Counters {
  readonly requests: RateLimiterAbstract | undefined;
  readonly tokens: RateLimiterAbstract | undefined;
  readonly places: Places | undefined;
}

export function createLimits({ redis, onRefused }: LimitsDeps): Limits {
  const counters = new Map<string, Counters>();
  const countersOf = ({ name, limits = {} }: Caller): Counters => {
    const known = counters.get(name);
    if (known) return known;
    const made: Counters = {
      requests: limiter(limits.requestsPerMinute, 'requests', redis),
      tokens: limiter(limits.tokensPerMinute, 'tokens', redis),
      places:
        limits.concurrent === undefined ? undefined : createPlaces(name, limits.concurrent, redis),
    };
    counters.set(name, made);
    return made;
  };
  const refuse = ({ name }: Caller, by: Quota, retryAfterMs: number): never => {
    onRefused(name, by);
    const message = `the limit of this caller is used up: ${by}`;
    throw new AppError('quota_exceeded', message, { retryAfterMs });
  };
  return {
    async take(caller) {
      const { requests, tokens, places } = countersOf(caller);
      // What is used is known at the end only: whoever is over now waits, those under way go on.
      const usedMs = await overMs(tokens, caller.name);
      if (usedMs !== undefined) refuse(caller, 'tokens', usedMs);
      const leave = await places?.enter();
      if (places && !leave) refuse(caller, 'concurrent', 1_000);
      const waitMs = await consumeMs(requests, caller.name).catch((error) => {
        leave?.();
        throw error;
      });
      if (waitMs !== undefined) {
        leave?.();
        refuse(caller, 'requests', waitMs);
      }
      return (used) => {
        leave?.();
        if (used > 0) void tokens?.penalty(caller.name, used).catch(() => {});
      };
    },
  };
}

function limiter(points: number | undefined, what: Quota, redis: Redis | undefined) {
  if (points === undefined) return undefined;
  const options = { points, duration: SECONDS, keyPrefix: `claude-observatory:${what}` };
  const own = new RateLimiterMemory(options);
  if (!redis) return own;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: own,
  });
}

/** @returns milliseconds until the next is allowed; undefined when one was taken */
async function consumeMs(
  limiter: RateLimiterAbstract | undefined,
  name: string,
): Promise<number | undefined> {
  try {
    await limiter?.consume(name);
    return undefined;
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return refused.msBeforeNext;
    throw refused;
  }
}

/** @returns milliseconds until the limit is whole again; undefined while something is left of it */
async function overMs(
  limiter: RateLimiterAbstract | undefined,
  name: string,
): Promise<number | undefined> {
  const used = await limiter?.get(name);
  if (!limiter || !used || used.consumedPoints < limiter.points) return undefined;
  return used.msBeforeNext;
}

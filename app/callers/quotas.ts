/**
 * What each caller may use. Requests and tokens a minute are shared by all instances through Redis where
 * there is one; while it is down each instance counts for itself. Calls at once are always counted here.
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

export interface QuotasDeps {
  /** Undefined counts in memory, for this instance alone. */
  readonly redis: Redis | undefined;
  /** Called for each request that a quota refuses. */
  readonly onExceeded: (caller: string, quota: Quota) => void;
}

const WINDOW_S = 60;
const RETRY_AFTER_MS = 1_000;

interface Counters {
  readonly requests: RateLimiterAbstract | undefined;
  readonly tokens: RateLimiterAbstract | undefined;
  /** The caller has no quota of any kind. */
  readonly isUnlimited: boolean;
  running: number;
}

/** To be called once when the call has ended, with the tokens that it used. */
export type Release = (tokens: number) => void;

export class Quotas {
  readonly #deps: QuotasDeps;
  readonly #counters = new Map<string, Counters>();

  constructor(deps: QuotasDeps) {
    this.#deps = deps;
  }

  /**
   * Takes one request from the caller's quota.
   * @throws {AppError} quota_exceeded
   */
  async acquire(caller: Caller): Promise<Release> {
    const counters = this.#countersOf(caller);
    const { name, limits } = caller;
    // Usage is known only at the end: a caller over the quota waits, and calls under way go on.
    await this.#checkUsed(caller, 'tokens', counters.tokens);
    if (counters.running >= (limits.concurrent ?? Number.POSITIVE_INFINITY)) {
      throw this.#exceeded(caller, 'concurrent', RETRY_AFTER_MS);
    }
    const release = this.#take(counters, name);
    try {
      const waitMs = await consume(counters.requests, name);
      if (waitMs !== undefined) throw this.#exceeded(caller, 'requests', waitMs);
      return release;
    } catch (error) {
      release(0);
      throw error;
    }
  }

  /** Whether a caller has no quota of any kind, as most have none: nothing need be checked for them. */
  isUnlimited(caller: Caller): boolean {
    return this.#countersOf(caller).isUnlimited;
  }

  /** `acquire` for such a caller, who waits for nothing. */
  acquireUnlimited(caller: Caller): Release {
    return this.#take(this.#countersOf(caller), caller.name);
  }

  #take(counters: Counters, name: string): Release {
    counters.running += 1;
    return (tokens) => {
      counters.running -= 1;
      if (tokens > 0) void counters.tokens?.penalty(name, tokens).catch(() => {});
    };
  }

  /**
   * Refuses a caller whose requests or tokens are used up, and takes nothing.
   * @throws {AppError} quota_exceeded
   */
  async check(caller: Caller): Promise<void> {
    const { requests, tokens } = this.#countersOf(caller);
    await this.#checkUsed(caller, 'tokens', tokens);
    await this.#checkUsed(caller, 'requests', requests);
  }

  async #checkUsed(caller: Caller, quota: Quota, limiter: RateLimiterAbstract | undefined) {
    const used = await limiter?.get(caller.name);
    if (limiter && used && used.consumedPoints >= limiter.points) {
      throw this.#exceeded(caller, quota, used.msBeforeNext);
    }
  }

  #countersOf({ name, limits }: Caller): Counters {
    const known = this.#counters.get(name);
    if (known) return known;
    const { redis } = this.#deps;
    const { requestsPerMinute, tokensPerMinute, concurrent } = limits;
    const counters: Counters = {
      requests: limiterOf(requestsPerMinute, 'requests', redis),
      tokens: limiterOf(tokensPerMinute, 'tokens', redis),
      isUnlimited: (requestsPerMinute ?? tokensPerMinute ?? concurrent) === undefined,
      running: 0,
    };
    this.#counters.set(name, counters);
    return counters;
  }

  #exceeded({ name }: Caller, quota: Quota, retryAfterMs: number): AppError {
    this.#deps.onExceeded(name, quota);
    const message = `this caller's quota is used up: ${quota}`;
    return new AppError('quota_exceeded', message, { retryAfterMs });
  }
}

function limiterOf(points: number | undefined, quota: Quota, redis: Redis | undefined) {
  if (points === undefined) return undefined;
  const options = { points, duration: WINDOW_S, keyPrefix: `claude-observatory:${quota}` };
  const inMemory = new RateLimiterMemory(options);
  if (!redis) return inMemory;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: inMemory,
  });
}

/** @returns milliseconds until the next request is allowed; undefined when one was taken */
async function consume(
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

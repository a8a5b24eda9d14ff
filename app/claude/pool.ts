/** The pool of upstream connections: undici's agent with the article's figures. */
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';

export interface PoolOptions {
  /** Most connections to each origin. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** An idle socket is closed after this; keep it below the server's, or its close hits a call. */
  readonly keepAliveMs: number;
  /** Longest silence of a socket within a response: the article's `timeout: 60000`. */
  readonly idleTimeoutMs: number;
  /** An older connection takes no more requests, so that a change in DNS is followed under load. */
  readonly maxAgeMs: number;
  /** By default the system's. */
  readonly lookup?: LookupFunction;
}

export const POOL_DEFAULTS = {
  connectTimeoutMs: 5_000,
  keepAliveMs: 4_000,
  idleTimeoutMs: 60_000,
  maxAgeMs: 60_000,
} satisfies Partial<PoolOptions>;

/** Bytes of a response, complete or streamed; the longest responses of a model have a few. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/** @returns undici's agent, which pools connections for each origin */
export function createPool(options: PoolOptions): Agent {
  return new Agent({
    connections: options.connections,
    connect: {
      timeout: options.connectTimeoutMs,
      ...(options.lookup && { lookup: options.lookup }),
    },
    clientTtl: options.maxAgeMs,
    maxResponseSize: MAX_RESPONSE_BYTES,
    // HTTP/2 would put a hundred calls on each connection, and the pool would bound nothing.
    allowH2: false,
    keepAliveTimeout: options.keepAliveMs,
    keepAliveMaxTimeout: options.keepAliveMs,
    bodyTimeout: options.idleTimeoutMs,
    // The headers of a complete response come only after it was generated: the attempt's limit rules.
    headersTimeout: 0,
  });
}

/** Connections open and free, and requests that wait for one, summed over the pool's origins. */
export function poolStates(pool: Agent): { open: number; free: number; pending: number } {
  const sums = { open: 0, free: 0, pending: 0 };
  for (const stats of Object.values(pool.stats)) {
    sums.open += Number(stats.connected);
    sums.free += 'free' in stats ? stats.free : 0;
    sums.pending += 'queued' in stats ? stats.queued : stats.pending;
  }
  return sums;
}

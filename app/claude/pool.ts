/** The pool of upstream connections: undici's agent with the article's figures. */
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { MAX_RESPONSE_BYTES } from './decoded-body.ts';

export interface PoolOptions {
  /** Maximum number of connections to each origin. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /**
   * An idle socket is closed after this; keep it below the server's own limit, or a call may meet the close. With 0 a
   * connection takes one request and is closed before its answer is passed on.
   */
  readonly keepAliveMs: number;
  /** How long a socket may be silent within a response, events excepted: the article's `timeout: 60000`. */
  readonly idleTimeoutMs: number;
  /** An older connection takes no more requests, so that a change in DNS is followed under load. */
  readonly maxAgeMs: number;
  /** Largest response in bytes, complete or streamed; 0 for any. Default: 64 MiB. */
  readonly maxResponseBytes?: number;
  /** Default: the system's resolver. */
  readonly lookup?: LookupFunction;
}

export const POOL_DEFAULTS = {
  connectTimeoutMs: 5_000,
  keepAliveMs: 4_000,
  idleTimeoutMs: 60_000,
  maxAgeMs: 60_000,
} satisfies Partial<PoolOptions>;

/** @returns undici's agent, which pools connections for each origin */
export function createPool(options: PoolOptions): Agent {
  const agent = new Agent({
    connections: options.connections,
    connect: {
      timeout: options.connectTimeoutMs,
      ...(options.lookup && { lookup: options.lookup }),
    },
    clientTtl: options.maxAgeMs,
    maxResponseSize:
      options.maxResponseBytes === 0 ? -1 : (options.maxResponseBytes ?? MAX_RESPONSE_BYTES),
    // HTTP/2 would put a hundred calls on each connection, and the pool would bound nothing.
    allowH2: false,
    // undici takes no 0 here; without pipelining it keeps no connection.
    keepAliveTimeout: Math.max(1, options.keepAliveMs),
    keepAliveMaxTimeout: Math.max(1, options.keepAliveMs),
    pipelining: options.keepAliveMs === 0 ? 0 : 1,
    bodyTimeout: options.idleTimeoutMs,
    // A complete response's headers come only after it is generated, so the attempt's limit applies.
    headersTimeout: 0,
  });
  return withAgesByTimer(agent, options.maxAgeMs);
}

/**
 * With every request undici asks the clock how old each connection is that is busy: ten microseconds at a hundred of
 * them. It does not ask for one whose time of connecting is 0, so it gets that back only when it is due. The field is
 * undici's own and not documented: where it is missing, nothing is changed, and a test fails.
 */
function withAgesByTimer(agent: Agent, maxAgeMs: number): Agent {
  const timers = new WeakMap<object, NodeJS.Timeout>();
  return agent
    .on('connect', (_origin, targets) => {
      const client = targets.at(-1) as { ttl?: number } | undefined;
      const connectedAtMs = client?.ttl;
      if (!client || !connectedAtMs) return;
      client.ttl = 0;
      const due = () => {
        client.ttl = connectedAtMs;
      };
      timers.set(client, setTimeout(due, maxAgeMs).unref());
    })
    .on('disconnect', (_origin, targets) => {
      // A timer would keep the client that has gone for a minute, and make its next connection old.
      const client = targets.at(-1);
      if (client) clearTimeout(timers.get(client));
    });
}

/** The pool of all calls, and the one of those whose responses may be of any length. */
export interface Pools {
  readonly pool: Agent;
  readonly unlimitedPool: Agent;
  /** What is still in flight is cut off. */
  close(): Promise<void>;
}

export function createPools(options: PoolOptions): Pools {
  const pool = createPool(options);
  const unlimitedPool = createPool({ ...options, maxResponseBytes: 0 });
  return {
    pool,
    unlimitedPool,
    async close() {
      await Promise.all([pool.destroy(), unlimitedPool.destroy()]);
    },
  };
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

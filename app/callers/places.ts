/** So many calls of one caller at once: counted here, and in Redis where all instances share a limit. */
import type { Redis } from 'ioredis';
import { Semaphore } from 'redis-semaphore';

export interface Places {
  /** @returns how to leave again; undefined when all places are taken */
  enter(): Promise<(() => void) | undefined>;
}

/** An instance that dies gives its places back after this, milliseconds. */
const LEASE_MS = 10_000;

export function createPlaces(
  name: string,
  limit: number,
  redis: Redis | undefined,
  leaseMs = LEASE_MS,
): Places {
  let taken = 0;
  /** This instance alone never takes more than all may, so Redis is not asked for nothing. */
  const enterHere = () => {
    if (taken >= limit) return undefined;
    taken += 1;
    return () => {
      taken -= 1;
    };
  };
  if (!redis) return { enter: async () => enterHere() };
  return {
    async enter() {
      const leaveHere = enterHere();
      if (!leaveHere) return undefined;
      const leaveEverywhere = await enterEverywhere(redis, name, limit, leaseMs);
      if (leaveEverywhere === 'full') {
        leaveHere();
        return undefined;
      }
      return () => {
        leaveHere();
        leaveEverywhere();
      };
    },
  };
}

/** @returns how to leave, which is nothing while Redis is down: then the count of this instance holds */
async function enterEverywhere(
  redis: Redis,
  name: string,
  limit: number,
  leaseMs: number,
): Promise<'full' | (() => void)> {
  const unknown = () => {};
  if (redis.status !== 'ready') return unknown;
  const key = `claude-observatory:${name}`;
  // The library's own renewal rejects into nowhere when Redis is down, and ends the process.
  const options = { lockTimeout: leaseMs, acquireAttemptsLimit: 1, refreshInterval: 0 };
  const place = new Semaphore(redis, key, limit, options);
  const entered = await place.tryAcquire().catch(() => undefined);
  if (entered === undefined) return unknown;
  if (!entered) return 'full';
  const { identifier } = place;
  // One that is taken from elsewhere is renewed by its first `tryAcquire`, and by that alone.
  const renew = () =>
    new Semaphore(redis, key, limit, { ...options, identifier, acquiredExternally: true })
      .tryAcquire()
      .catch(() => {});
  const renewal = setInterval(renew, leaseMs / 2).unref();
  return () => {
    clearInterval(renewal);
    place.release().catch(() => {});
  };
}

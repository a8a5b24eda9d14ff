/** So many calls of one caller at once: counted here, and in Redis where all instances share a limit. */
import type { Redis } from 'ioredis';
import { Semaphore } from 'redis-semaphore';

export interface Places {
  /** @returns how to leave again; undefined when all places are taken */
  enter(): Promise<(() => void) | undefined>;
}

/** An instance that dies gives its places back after this, milliseconds. */
const LEASE_MS = 10_000;

export function createPlaces(name: string, limit: number, redis: Redis | undefined): Places {
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
      const everywhere = await enterEverywhere(redis, name, limit);
      if (everywhere === 'full') {
        leaveHere();
        return undefined;
      }
      return () => {
        leaveHere();
        if (everywhere !== 'unknown') void everywhere.release().catch(() => {});
      };
    },
  };
}

/** @returns `unknown` while Redis is down: then the count of this instance holds */
async function enterEverywhere(redis: Redis, name: string, limit: number) {
  const semaphore = new Semaphore(redis, `claude-observatory:${name}`, limit, {
    lockTimeout: LEASE_MS,
    acquireAttemptsLimit: 1,
    // A lease that was lost is no reason to end a call.
    onLockLost: () => {},
  });
  if (redis.status !== 'ready') return 'unknown';
  return semaphore.tryAcquire().then(
    (acquired) => (acquired ? semaphore : ('full' as const)),
    () => 'unknown' as const,
  );
}

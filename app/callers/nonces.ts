/** Remembers which nonces were used, in the memory of one instance or in Redis for all of them. */
import type { Redis } from 'ioredis';

/** One store for all instances that verify the same callers; docs/signing.md has its limits. */
export interface NonceStore {
  /**
   * Remembers a nonce, in one atomic step.
   * @param nonce prefixed with its signer; at most 300 characters
   * @param ttlMs how long it must be remembered; the same for every nonce of a store
   * @returns whether it was there already
   * @throws (or rejects) when the nonce cannot be looked up or kept; the request is then refused
   */
  seen(nonce: string, ttlMs: number): boolean | Promise<boolean>;
}

/** Nonces kept per signing caller (about 15 MB). When full, signed requests are rejected. */
export const MAX_NONCES = 100_000;

export interface MemoryNoncesOptions {
  /** Nonces held at once, about 150 bytes each. At the limit `seen` throws: none is forgotten early. */
  readonly maxEntries: number;
}

export class MemoryNonces implements NonceStore {
  readonly #maxEntries: number;
  readonly #now: () => number;
  /** Nonce → when it may be forgotten, in the order of arrival. */
  readonly #held = new Map<string, number>();

  /** @param deps `now` is monotonic, milliseconds: a clock that is set back must not expire nonces */
  constructor({ maxEntries }: MemoryNoncesOptions, { now }: { readonly now: () => number }) {
    this.#maxEntries = maxEntries;
    this.#now = now;
  }

  get size(): number {
    return this.#held.size;
  }

  seen(nonce: string, ttlMs: number): boolean {
    const nowMs = this.#now();
    this.#forgetExpired(nowMs);
    if (this.#held.has(nonce)) return true;
    if (this.#held.size >= this.#maxEntries) throw new Error('the nonce store is full');
    this.#held.set(nonce, nowMs + ttlMs);
    return false;
  }

  /** All nonces live equally long, so the oldest expire first and no timer is needed. */
  #forgetExpired(nowMs: number): void {
    for (const [nonce, untilMs] of this.#held) {
      if (untilMs > nowMs) return;
      this.#held.delete(nonce);
    }
  }
}

/** Nonces that all instances share. If a command fails, the request is refused. */
export class RedisNonces implements NonceStore {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async seen(nonce: string, ttlMs: number): Promise<boolean> {
    const key = `claude-observatory:nonce:${nonce}`;
    return (await this.#redis.set(key, '1', 'PX', ttlMs, 'NX')) === null;
  }
}

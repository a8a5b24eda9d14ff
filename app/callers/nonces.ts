/** Remembers which nonces were used: in memory here, behind an interface that a shared store fits. */

/** One store for all instances that verify for one audience; see docs/signing.md for its limits. */
export interface NonceStore {
  /**
   * Remembers a nonce, in one atomic step (Redis: `SET key 1 NX PX ttlMs`).
   * @param nonce with the secret's id before it; at most 200 characters
   * @param ttlMs how long it must be remembered
   * @returns whether it was there already
   * @throws (or rejects) when that cannot be told or kept; the request is then refused
   */
  seen(nonce: string, ttlMs: number): boolean | Promise<boolean>;
}

export interface MemoryNoncesOptions {
  /** Nonces held at once, some 150 bytes each. At the limit `seen` throws: it never forgets early. */
  readonly maxEntries: number;
}

/** A store that answers at once, and how many nonces it holds. */
export interface MemoryNonces {
  seen(nonce: string, ttlMs: number): boolean;
  size(): number;
}

/** @param deps `now` is monotonic, milliseconds: a clock that is set back makes nothing forgotten */
export function createMemoryNonces(
  { maxEntries }: MemoryNoncesOptions,
  { now }: { readonly now: () => number },
): MemoryNonces {
  /** Nonce → when it may be forgotten, in the order of arrival. */
  const held = new Map<string, number>();
  /** All callers give one ttl, so the oldest go first and nothing needs a timer. */
  const forget = (nowMs: number) => {
    for (const [nonce, untilMs] of held) {
      if (untilMs > nowMs) return;
      held.delete(nonce);
    }
  };
  return {
    seen(nonce, ttlMs) {
      const nowMs = now();
      forget(nowMs);
      if (held.has(nonce)) return true;
      if (held.size >= maxEntries) throw new Error('the store of nonces is full');
      held.set(nonce, nowMs + ttlMs);
      return false;
    },
    size: () => held.size,
  };
}

/** Admission of one call: a slot of the service, taken within the caller's quotas. */

import type { Caller } from '../callers/callers.ts';
import type { ConcurrencyLimiter } from '../callers/concurrency.ts';
import type { Quotas } from '../callers/quotas.ts';

export interface AdmissionDeps {
  readonly quotas: Quotas;
  readonly limiter: ConcurrencyLimiter;
}

/** An admitted call. Disposing of it releases its slot and bills its tokens to the caller. */
export class Slot implements Disposable {
  readonly #release: (tokens: number) => void;
  /** Tokens that the call has used so far. */
  tokens: () => number = () => 0;

  constructor(release: (tokens: number) => void) {
    this.#release = release;
  }

  [Symbol.dispose](): void {
    this.#release(this.tokens());
  }
}

/**
 * Admits one call: the caller's quotas come first, so a caller over them waits for no slot.
 * @throws {AppError} quota_exceeded, shed, client_cancelled
 */
export async function acquireSlot(
  { quotas, limiter }: AdmissionDeps,
  { caller, signal }: { readonly caller: Caller; readonly signal: AbortSignal },
): Promise<Slot> {
  const bill = await quotas.acquire(caller);
  try {
    const release = await limiter.acquire(signal);
    return new Slot((tokens) => {
      release();
      bill(tokens);
    });
  } catch (error) {
    bill(0);
    throw error;
  }
}

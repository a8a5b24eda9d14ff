/** Admission of one call: a slot of the service, taken within the caller's quotas. */

import type { Caller } from '../callers/callers.ts';
import type { ConcurrencyLimiter, Place } from '../callers/concurrency.ts';
import type { Quotas } from '../callers/quotas.ts';

export interface AdmissionDeps {
  readonly quotas: Quotas;
  readonly limiter: ConcurrencyLimiter;
}

/** An admitted call. Disposing of it releases its slot and bills its tokens to the caller. */
export class Slot implements Disposable {
  readonly #place: Place;
  readonly #bill: (tokens: number) => void;
  /** Tokens that the call has used so far. */
  tokens: () => number = () => 0;

  constructor(place: Place, bill: (tokens: number) => void) {
    this.#place = place;
    this.#bill = bill;
  }

  /** Runs a wait that is not ours without the slot; the caller's quota goes on. */
  readonly lend = async (signal: AbortSignal, wait: () => Promise<void>): Promise<void> => {
    this.#place.pause();
    await wait();
    await this.#place.resume(signal);
  };

  [Symbol.dispose](): void {
    this.#place.release();
    this.#bill(this.tokens());
  }
}

interface Admitted {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** @returns a slot where nothing must be waited for, as mostly; undefined means `acquireSlot` */
export function slotAtOnce(
  { quotas, limiter }: AdmissionDeps,
  { caller, signal }: Admitted,
): Slot | undefined {
  if (signal.aborted || !quotas.isUnlimited(caller)) return undefined;
  const place = limiter.acquireAtOnce();
  return place && new Slot(place, quotas.acquireUnlimited(caller));
}

/**
 * Admits one call: the caller's quotas come first, so a caller over them waits for no slot.
 * @throws {AppError} quota_exceeded, shed, client_cancelled
 */
export async function acquireSlot(
  { quotas, limiter }: AdmissionDeps,
  { caller, signal }: Admitted,
): Promise<Slot> {
  const bill = await quotas.acquire(caller);
  try {
    return new Slot(await limiter.acquire(signal), bill);
  } catch (error) {
    bill(0);
    throw error;
  }
}

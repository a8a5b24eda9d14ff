/**
 * Limits the calls that run at once: a few more wait, the rest are refused immediately, so that accepted
 * calls stay quick under overload. https://sre.google/sre-book/handling-overload/
 */
import { AppError, errorOfAbort } from '../errors.ts';
import { LinkedAbort } from '../time/linked-abort.ts';

export interface ConcurrencyOptions {
  /** Calls that run at once. */
  readonly limit: number;
  /** Calls that may wait for a slot. Keep it short, or waiting becomes most of the latency. */
  readonly queue: number;
  /** Longest wait for a slot, milliseconds. */
  readonly waitMs: number;
}

/** A fifth of the default limit, for a second at most: bursts are absorbed, latency stays low. */
export const ADMISSION_DEFAULTS = { queue: 20, waitMs: 1_000 };

/** Most calls are done by then; a client's own back-off spreads the rest. */
const RETRY_AFTER_MS = 1_000;

export class ConcurrencyLimiter {
  readonly #options: ConcurrencyOptions;
  #active = 0;
  /** Each wakes one waiting call, the longest wait first. */
  readonly #waiting = new Set<() => void>();

  constructor(options: ConcurrencyOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the call may begin, with the function that releases its slot; calling that function
   * again does nothing.
   * @param signal the caller's: a caller who leaves while waiting gives up their place in the queue
   * @throws {AppError} shed, at once or after the longest wait; client_cancelled; draining
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    const { limit, queue } = this.#options;
    if (signal.aborted) throw errorOfAbort(signal);
    if (this.#active < limit) this.#active += 1;
    else if (this.#waiting.size < queue) await this.#wait(signal);
    else throw full();
    let released = false;
    return () => {
      if (!released) this.#release();
      released = true;
    };
  }

  /** Running and waiting calls. */
  counts(): { readonly active: number; readonly queued: number } {
    return { active: this.#active, queued: this.#waiting.size };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { waitMs: timeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    using wait = new LinkedAbort(signal, {
      timeoutMs,
      onTimeout: full,
      onParent: () => errorOfAbort(signal),
    });
    wait.signal.addEventListener('abort', () => {
      this.#waiting.delete(resolve);
      reject(wait.signal.reason);
    });
    this.#waiting.add(resolve);
    await promise;
  }

  /** Hands the slot to the call that has waited longest. */
  #release(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#active -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

function full(): AppError {
  return new AppError('shed', 'the service is at its limit', { retryAfterMs: RETRY_AFTER_MS });
}

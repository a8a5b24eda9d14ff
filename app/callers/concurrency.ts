/**
 * Limits the calls that run at once: a few more wait, the rest are refused immediately, so that accepted
 * calls stay quick under overload. https://sre.google/sre-book/handling-overload/
 */
import { AppError, errorOfAbort } from '../errors.ts';
import { InProgress } from '../time/in-progress.ts';
import { LinkedAbort } from '../time/linked-abort.ts';

export interface ConcurrencyOptions {
  /** Calls that run at once. */
  readonly limit: number;
  /** Calls that may wait for a slot. Keep it short, or waiting becomes most of the latency. */
  readonly queue: number;
  /** Longest wait for a slot, milliseconds. */
  readonly waitMs: number;
  /** Calls that may be paused at once; others keep their slot while they wait. */
  readonly paused: number;
}

/**
 * A fifth of the default limit, for a second at most: bursts are absorbed, latency stays low. A paused call
 * holds no more than its request, so there may be many.
 */
export const ADMISSION_DEFAULTS = { queue: 20, waitMs: 1_000, paused: 1_000 };

/** Most calls are done by then; a client's own back-off spreads the rest. */
const RETRY_AFTER_MS = 1_000;

/** What a call that runs holds. */
export interface Place {
  /** Frees the slot for good; doing so again does nothing. */
  release(): void;
  /** Frees the slot while the call waits for something that is not ours, the end of a back-off for instance. */
  pause(): void;
  /**
   * Takes a slot again, ahead of every new call: this one has been paid for. It waits as long as it must.
   * @throws the signal's reason once aborted
   */
  resume(signal: AbortSignal): Promise<void>;
}

export class ConcurrencyLimiter {
  readonly #options: ConcurrencyOptions;
  #active = 0;
  #paused = 0;
  /** Each wakes one waiting call, the longest wait first. */
  readonly #waiting = new InProgress<() => void>();
  /** The same for paused calls that go on; they come first. */
  readonly #resuming = new InProgress<() => void>();

  constructor(options: ConcurrencyOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the call may begin.
   * @param signal the caller's: a caller who leaves while waiting gives up their place in the queue
   * @throws {AppError} shed, at once or after the longest wait; client_cancelled; draining
   */
  async acquire(signal: AbortSignal): Promise<Place> {
    if (signal.aborted) throw errorOfAbort(signal);
    const place = this.acquireAtOnce();
    if (place) return place;
    if (this.#waiting.size >= this.#options.queue) throw full();
    await this.#wait(signal);
    return this.#place();
  }

  /** @returns undefined where the call must wait, or be refused */
  acquireAtOnce(): Place | undefined {
    if (this.#active >= this.#options.limit) return undefined;
    this.#active += 1;
    return this.#place();
  }

  /** Most calls that may run, and most new ones that may wait. */
  limits(): { readonly active: number; readonly queued: number } {
    return { active: this.#options.limit, queued: this.#options.queue };
  }

  /** Running, waiting and paused calls. */
  counts(): { readonly active: number; readonly queued: number; readonly paused: number } {
    const queued = this.#waiting.size + this.#resuming.size;
    return { active: this.#active, queued, paused: this.#paused };
  }

  #place(): Place {
    let state: 'active' | 'paused' | 'released' = 'active';
    return {
      release: () => {
        if (state === 'active') this.#release();
        if (state === 'paused') this.#paused -= 1;
        state = 'released';
      },
      pause: () => {
        if (state !== 'active' || this.#paused >= this.#options.paused) return;
        state = 'paused';
        this.#paused += 1;
        this.#release();
      },
      resume: async (signal) => {
        if (state !== 'paused') return;
        await this.#takeAgain(signal);
        // Its caller may have left just when its turn came.
        if (state !== 'paused') return this.#release();
        state = 'active';
        this.#paused -= 1;
      },
    };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { waitMs: timeoutMs } = this.#options;
    const onParent = () => errorOfAbort(signal);
    using wait = new LinkedAbort(signal, { timeoutMs, onTimeout: full, onParent });
    await turnIn(this.#waiting, wait.signal);
  }

  async #takeAgain(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#active < this.#options.limit) this.#active += 1;
    else await turnIn(this.#resuming, signal);
  }

  /** Hands the slot to the paused call, or else to the new one, that has waited longest. */
  #release(): void {
    const queue = this.#resuming.size > 0 ? this.#resuming : this.#waiting;
    const next = queue.first();
    if (!next) {
      this.#active -= 1;
      return;
    }
    queue.delete(next);
    next();
  }
}

/** Resolves when the queue has come to this call; rejects with the signal's reason. */
function turnIn(queue: InProgress<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = () => {
    queue.delete(resolve);
    reject(signal.reason);
  };
  signal.addEventListener('abort', leave, { once: true });
  queue.add(resolve);
  return promise.finally(() => signal.removeEventListener('abort', leave));
}

function full(): AppError {
  return new AppError('shed', 'the service is at its limit', { retryAfterMs: RETRY_AFTER_MS });
}

/** A time limit as a signal that also follows another signal and leaves nothing behind. */

export interface LinkOptions {
  readonly timeoutMs: number;
  /** Creates the abort reason when the time is up, or grants so many milliseconds more; Infinity is for good. */
  readonly onTimeout: () => Error | number;
  /** Creates the abort reason when the parent is aborted; default: the parent's own. */
  readonly onParent?: () => Error;
}

/**
 * `AbortSignal.any` and `.timeout` keep a timer for every call until it fires; this one is gone as
 * soon as it is disposed of: `using limit = new LinkedAbort(…)`.
 */
export class LinkedAbort implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #verdict: NodeJS.Immediate | undefined;
  readonly #follow: () => void;

  constructor(parent: AbortSignal, { timeoutMs, onTimeout, onParent }: LinkOptions) {
    this.#parent = parent;
    this.#start(timeoutMs, onTimeout);
    // Not assigned at once: V8 would allocate it old, and it would keep the call (docs/adr/0044).
    const follow = () => this.abort(onParent ? onParent() : parent.reason);
    this.#follow = follow;
    if (parent.aborted) this.#follow();
    else parent.addEventListener('abort', this.#follow);
  }

  #start(timeoutMs: number, onTimeout: LinkOptions['onTimeout']): void {
    this.#timer = setTimeout(() => {
      // Where the process stood still timers come first, so what has arrived meanwhile is read before the verdict.
      this.#verdict = setImmediate(() => {
        const end = onTimeout();
        if (typeof end !== 'number') this.abort(end);
        else if (end < Number.POSITIVE_INFINITY) this.#start(end, onTimeout);
      });
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lifts the time limit; the signal still follows its parent. */
  clearTimer(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#verdict);
  }

  /** Lifts the limit and stops following the parent. */
  [Symbol.dispose](): void {
    this.clearTimer();
    this.#parent.removeEventListener('abort', this.#follow);
  }

  /** Aborts at once; may be called after it was disposed of. */
  abort(reason: unknown): void {
    this[Symbol.dispose]();
    this.#controller.abort(reason);
  }
}

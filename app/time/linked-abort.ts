/** A time limit as a signal that also follows another signal and leaves nothing behind. */

export interface LinkOptions {
  readonly timeoutMs: number;
  /** Creates the abort reason when the time is up. */
  readonly onTimeout: () => Error;
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
  readonly #timer: NodeJS.Timeout;
  readonly #follow: () => void;

  constructor(parent: AbortSignal, { timeoutMs, onTimeout, onParent }: LinkOptions) {
    this.#parent = parent;
    this.#timer = setTimeout(() => this.abort(onTimeout()), timeoutMs);
    this.#follow = () => this.abort(onParent ? onParent() : parent.reason);
    if (parent.aborted) this.#follow();
    else parent.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lifts the time limit; the signal still follows its parent. */
  clearTimer(): void {
    clearTimeout(this.#timer);
  }

  /** Lifts the limit and stops following the parent. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener('abort', this.#follow);
  }

  /** Aborts at once; may be called after it was disposed of. */
  abort(reason: unknown): void {
    this[Symbol.dispose]();
    this.#controller.abort(reason);
  }
}

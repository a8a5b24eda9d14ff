/** A time limit as a signal that also follows another signal and leaves nothing behind. */

export interface LinkedAbort {
  readonly signal: AbortSignal;
  /** Lifts the time limit; the signal still follows its parent. */
  clearTimer(): void;
  /** Lifts the limit and lets go of the parent. */
  dispose(): void;
}

export interface LinkOptions {
  readonly timeoutMs: number;
  /** Why the signal was aborted, when the time was over. */
  readonly onTimeout: () => Error;
  /** Why it was aborted, when the parent was; without it the parent's own reason. */
  readonly onParent?: () => Error;
}

/**
 * `AbortSignal.any` and `.timeout` would do, but on every call they keep a timer until it fires.
 */
export function linkedAbort(
  parent: AbortSignal,
  { timeoutMs, onTimeout, onParent = () => parent.reason }: LinkOptions,
): LinkedAbort {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    dispose();
    controller.abort(onTimeout());
  }, timeoutMs);
  const follow = () => {
    dispose();
    controller.abort(onParent());
  };
  const dispose = () => {
    clearTimeout(timer);
    parent.removeEventListener('abort', follow);
  };
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return { signal: controller.signal, clearTimer: () => clearTimeout(timer), dispose };
}

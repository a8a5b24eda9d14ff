/**
 * Lets so many calls in at once, a few more wait, and the rest are refused at once: under overload the
 * accepted ones stay as quick as they were. https://sre.google/sre-book/handling-overload/
 */

import { AppError } from '../errors.ts';
import { LinkedAbort } from '../time/linked-abort.ts';

export interface AdmissionOptions {
  /** Calls served at once. */
  readonly limit: number;
  /** Calls that may wait for one of those; short, or waiting is most of the latency. */
  readonly queue: number;
  /** How long they may, milliseconds. */
  readonly waitMs: number;
}

export interface Admission {
  /**
   * Resolves when the call may begin, with what must be called once when it has ended.
   * @param signal the caller's: whoever leaves while waiting gives up his place
   * @throws {AppError} shed, at once or after the longest wait; client_cancelled
   */
  enter(signal: AbortSignal): Promise<() => void>;
  counts(): { readonly active: number; readonly queued: number };
}

/** Most calls are done by then; a caller's own back-off spreads the rest. */
const RETRY_AFTER_MS = 1_000;

export function createAdmission({ limit, queue, waitMs }: AdmissionOptions): Admission {
  let active = 0;
  const waiting = new Set<() => void>();

  /** The place goes to the one who has waited longest. */
  const leave = () => {
    const [next] = waiting;
    if (!next) {
      active -= 1;
      return;
    }
    waiting.delete(next);
    next();
  };
  const once = () => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };
  return {
    async enter(signal) {
      if (signal.aborted) throw gone();
      if (active < limit) {
        active += 1;
        return once();
      }
      if (waiting.size >= queue) throw full();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      using wait = new LinkedAbort(signal, { timeoutMs: waitMs, onTimeout: full, onParent: gone });
      wait.signal.addEventListener('abort', () => {
        waiting.delete(resolve);
        reject(wait.signal.reason);
      });
      waiting.add(resolve);
      await promise;
      return once();
    },
    counts: () => ({ active, queued: waiting.size }),
  };
}

function full(): AppError {
  return new AppError('shed', 'the service is at its limit', { retryAfterMs: RETRY_AFTER_MS });
}

function gone(): AppError {
  return new AppError('client_cancelled', 'the caller went away');
}

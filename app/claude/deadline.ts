/** How long a call may take: the service's deadline, the limit of streams, and the caller's own. */
import { AppError, errorOfAbort } from '../errors.ts';
import type { CallState } from '../pipeline/call-state.ts';
import { LinkedAbort } from '../time/linked-abort.ts';

/** Milliseconds from when the request arrived, so time spent waiting for a slot counts. */
export interface DeadlineOptions {
  /** Of a whole call, retries included; of a stream, up to its first content. */
  readonly deadlineMs: number;
  /** Of a whole stream; undefined for none. */
  readonly streamLimitMs?: number | undefined;
}

/** What the limits of a call depend on. */
export interface Limited {
  readonly stream: boolean;
  readonly receivedAtMs: number;
  /** The caller's own limit of the whole call, from `receivedAtMs`. */
  readonly deadlineMs?: number;
  /** The caller's. */
  readonly signal: AbortSignal;
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** When the signal fires at the latest, on the clock of the call's state; content may lift it. */
  readonly atMs: number;
}

/**
 * The service's deadline ends a stream that has no content yet. From its first content on it may last for as
 * long as its events come, within `streamLimitMs` and what the caller has set, who waits no longer.
 */
export function startDeadline(call: Limited, options: DeadlineOptions, state: CallState): Deadline {
  const callersMs = call.deadlineMs ?? Number.POSITIVE_INFINITY;
  const streamMs = (call.stream && options.streamLimitMs) || Number.POSITIVE_INFINITY;
  const serviceMs = Math.min(options.deadlineMs, streamMs);
  const firstMs = Math.min(serviceMs, callersMs);
  const lastMs = Math.min(streamMs, callersMs);
  const elapsedMs = () => state.now() - call.receivedAtMs;
  const timeoutMs = Math.max(0, firstMs - elapsedMs());
  const limit = new LinkedAbort(call.signal, {
    timeoutMs,
    onTimeout() {
      if (!state.hasContent) return passed(firstMs, callersMs < serviceMs);
      const leftMs = lastMs - elapsedMs();
      return leftMs > 0 ? leftMs : passed(lastMs, callersMs < streamMs);
    },
    onParent: () => errorOfAbort(call.signal),
  });
  return {
    signal: limit.signal,
    atMs: state.now() + timeoutMs,
    [Symbol.dispose]: () => limit[Symbol.dispose](),
  };
}

function passed(limitMs: number, isCallers: boolean): AppError {
  const code = isCallers ? 'caller_deadline' : 'timeout';
  return new AppError(code, `the call took longer than its deadline of ${limitMs} ms`);
}

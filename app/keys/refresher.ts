/**
 * Keeps a ring up to date with its source: read at the start, when it changes, and now and then. A source
 * that fails leaves the last good keys in use.
 */
import type { Clock } from '../time/clock.ts';
import type { KeyRing } from './key-pool.ts';
import { type KeySource, SourceError, type SourceFailure } from './sources/source.ts';

export interface RefreshOptions {
  /** Between two reads, milliseconds; a fifth more or less by chance, so that instances spread out. */
  readonly pollMs: number;
  /** Limit of one read, milliseconds. */
  readonly timeoutMs: number;
}

export interface RefreshDeps {
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Told of each read. */
  readonly onRead: (read: Read) => void;
}

/** How a read ended. */
export type Read =
  | { readonly source: string; readonly ok: true; readonly changed: boolean }
  | {
      readonly source: string;
      readonly ok: false;
      readonly failure: SourceFailure;
      readonly error: Error;
    };

export interface Refresher {
  /** Resolves after the first read, however it ended. */
  readonly ready: Promise<void>;
  stop(): void;
}

/** After a failure it is read again sooner: at first after this, doubled each time. */
const RETRY_MS = 1_000;
const JITTER = 0.2;

/** Starts reading `source` into `ring`. */
export function refresh(
  source: KeySource,
  ring: KeyRing,
  { pollMs, timeoutMs }: RefreshOptions,
  { clock, random, onRead }: RefreshDeps,
): Refresher {
  const stopping = new AbortController();
  let failures = 0;
  let changed = false;
  let wake = () => {};

  const readOnce = async () => {
    try {
      const limit = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)]);
      const changed = ring.update(await within(source.read(limit), limit));
      failures = 0;
      onRead({ source: source.name, ok: true, changed });
    } catch (error) {
      if (stopping.signal.aborted) return;
      failures += 1;
      onRead({ source: source.name, ok: false, ...failureOf(error, source.name, timeoutMs) });
    }
  };
  const pauseMs = () => {
    const ms = failures > 0 ? Math.min(pollMs, RETRY_MS * 2 ** (failures - 1)) : pollMs;
    return ms * (1 - JITTER + 2 * JITTER * random());
  };
  /** Until it is time, or the source says that it has changed. */
  const pause = async () => {
    const waiting = new AbortController();
    wake = () => waiting.abort();
    // It may have changed while it was being read.
    if (changed) wake();
    const signal = AbortSignal.any([stopping.signal, waiting.signal]);
    await clock.sleep(pauseMs(), signal).catch(() => {});
    changed = false;
  };
  const notice = () => {
    changed = true;
    wake();
  };
  const unwatch = source.watch?.(notice) ?? (() => {});
  const ready = readOnce();
  void ready.then(async () => {
    if (source.fixed) return;
    while (!stopping.signal.aborted) {
      await pause();
      if (!stopping.signal.aborted) await readOnce();
    }
  });
  return {
    ready,
    stop() {
      unwatch();
      stopping.abort();
    },
  };
}

/** A source that does not heed the signal is left behind. */
function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

function failureOf(thrown: unknown, name: string, timeoutMs: number) {
  if (thrown instanceof SourceError) return { failure: thrown.failure, error: thrown };
  const timedOut = (thrown as { name?: string }).name === 'TimeoutError';
  const error = timedOut
    ? new SourceError('timeout', `${name}: no answer within ${timeoutMs} ms`)
    : new SourceError('unreachable', `${name}: cannot be read`, thrown);
  return { failure: error.failure, error };
}

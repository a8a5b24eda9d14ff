/** Keeps a key pool up to date with its source; while the source fails, the last good keys stay in use. */

import type { KeyRead } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';
import type { KeyPool } from './key-pool.ts';
import { type KeySet, type KeySource, SourceError } from './sources/source.ts';

/** Limit of one read of a source. */
export const KEY_TIMEOUT_MS = 5_000;

export interface RefresherOptions {
  /** Between two reads, milliseconds; varied at random by a fifth, so that instances spread out. */
  readonly pollMs: number;
  /** Limit of one read, milliseconds. */
  readonly timeoutMs: number;
}

export interface RefresherDeps {
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Called after each read. */
  readonly onRead: (read: KeyRead) => void;
}

/** A failed source is read again after this time, doubled with each failure up to `pollMs`. */
const RETRY_MS = 1_000;
const JITTER = 0.2;

/** Reads at the start, after each change of the source, and every `pollMs`; a fixed source once. */
export class Refresher {
  readonly #source: KeySource;
  readonly #pool: KeyPool;
  readonly #options: RefresherOptions;
  readonly #deps: RefresherDeps;
  readonly #stopping = new AbortController();
  #unwatch: (() => void) | undefined;
  #failures = 0;
  /** Aborted when the source changes. A change during a read ends the following pause at once. */
  #change = new AbortController();

  constructor(source: KeySource, pool: KeyPool, options: RefresherOptions, deps: RefresherDeps) {
    this.#source = source;
    this.#pool = pool;
    this.#options = options;
    this.#deps = deps;
  }

  /** Call once. @returns a promise that resolves after the first read, however that ended */
  start(): Promise<void> {
    this.#unwatch = this.#source.watch?.(() => this.#change.abort());
    const firstRead = this.#read();
    if (!this.#source.fixed) void firstRead.then(() => this.#readOnTriggers());
    return firstRead;
  }

  stop(): void {
    this.#unwatch?.();
    this.#stopping.abort();
  }

  async #readOnTriggers(): Promise<void> {
    for (;;) {
      await this.#nextTrigger();
      if (this.#stopping.signal.aborted) return;
      await this.#read();
    }
  }

  /** Resolves when it is time for a read, when the source has changed, or when the refresher stops. */
  async #nextTrigger(): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, this.#change.signal]);
    await this.#deps.clock.sleep(this.#pauseMs(), signal).catch(() => {});
    this.#change = new AbortController();
  }

  #pauseMs(): number {
    const { pollMs } = this.#options;
    const ms = this.#failures > 0 ? RETRY_MS * 2 ** (this.#failures - 1) : pollMs;
    return Math.min(pollMs, ms) * (1 - JITTER + 2 * JITTER * this.#deps.random());
  }

  async #read(): Promise<void> {
    const { name: source } = this.#source;
    try {
      const changed = this.#pool.update(await this.#readKeys());
      this.#failures = 0;
      this.#deps.onRead({ source, ok: true, changed });
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      this.#failures += 1;
      const error = toSourceError(thrown, source, this.#options.timeoutMs);
      this.#deps.onRead({ source, ok: false, failure: error.failure, error });
    }
  }

  #readKeys(): Promise<KeySet> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    const signal = AbortSignal.any([this.#stopping.signal, timeout]);
    return unlessAborted(this.#source.read(signal), signal);
  }
}

/** Does not wait for a source that ignores the signal. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** The text of an unknown error is kept as the cause only: it may quote a key. */
function toSourceError(thrown: unknown, name: string, timeoutMs: number): SourceError {
  if (thrown instanceof SourceError) return thrown;
  const timedOut = (thrown as { name?: string }).name === 'TimeoutError';
  return timedOut
    ? new SourceError('timeout', `${name}: no answer within ${timeoutMs} ms`)
    : new SourceError('unreachable', `${name}: cannot be read`, thrown);
}

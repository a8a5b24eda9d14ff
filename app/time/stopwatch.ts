/** Adds up stretches of time, such as all the waiting for an upstream within one call. */

export class Stopwatch {
  readonly #now: () => number;
  #totalMs = 0;
  #startedAtMs: number | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Starts a stretch; nothing happens while one is running. */
  start(): void {
    this.#startedAtMs ??= this.#now();
  }

  /** Ends the stretch that is running. */
  stop(): void {
    this.#totalMs = this.elapsedMs();
    this.#startedAtMs = undefined;
  }

  /** Milliseconds so far, the running stretch included. */
  elapsedMs(): number {
    return this.#startedAtMs === undefined
      ? this.#totalMs
      : this.#totalMs + this.#now() - this.#startedAtMs;
  }
}

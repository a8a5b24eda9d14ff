/** Adds up stretches of time, such as all the waiting for an upstream within one call. */

export class Stopwatch {
  readonly #now: () => number;
  #totalMs = 0;
  #startedAtMs: number | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Starts a stretch; nothing happens while one is running. @param atMs for who has looked at the clock already */
  start(atMs = this.#now()): void {
    this.#startedAtMs ??= atMs;
  }

  /** Ends the stretch that is running. */
  stop(atMs = this.#now()): void {
    if (this.#startedAtMs !== undefined) this.#totalMs += atMs - this.#startedAtMs;
    this.#startedAtMs = undefined;
  }

  /** Milliseconds so far, the running stretch included. */
  elapsedMs(): number {
    return this.#startedAtMs === undefined
      ? this.#totalMs
      : this.#totalMs + this.#now() - this.#startedAtMs;
  }
}

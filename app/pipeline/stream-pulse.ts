/**
 * Follows how the events of one stream come: when the first was there, and how long the longest wait for the
 * next one was. Only waiting counts: while its reader asks for nothing, no event is missing.
 */
export class StreamPulse {
  readonly #now: () => number;
  /** How long the next event has been waited for so far, in waits that brought none. */
  #waitedMs = 0;
  #waitingSinceMs: number | undefined;
  /** When the first event was there, monotonic milliseconds. */
  firstEventAtMs: number | undefined;
  /** Between two events, milliseconds; undefined without two. */
  longestGapMs: number | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The upstream is asked for more. */
  wait(): void {
    this.#waitingSinceMs = this.#now();
  }

  /** The wait is over. @param events how many it brought; parts of one and comments are none */
  arrived(events: number): void {
    const nowMs = this.#now();
    this.#waitedMs += nowMs - (this.#waitingSinceMs ?? nowMs);
    this.#waitingSinceMs = undefined;
    if (events === 0) return;
    const isFirst = this.firstEventAtMs === undefined;
    this.firstEventAtMs ??= nowMs;
    if (!isFirst) this.longestGapMs = Math.max(this.longestGapMs ?? 0, this.#waitedMs);
    else if (events > 1) this.longestGapMs = 0;
    this.#waitedMs = 0;
  }
}

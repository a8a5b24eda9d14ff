/** How long a stream that has begun may bring no event. */
export interface SilenceLimit {
  readonly silenceMs: number;
  /** Called once the next event has been waited for so long. */
  readonly onSilence: () => void;
}

/**
 * Follows how the events of one stream come: when the first was there, how long the longest wait for the next
 * one was, and whether the upstream has fallen silent. Only waiting counts: while its reader asks for nothing,
 * no event is missing. A `ping` is an event; a comment, or a part of an event, is none.
 */
export class StreamPulse implements Disposable {
  readonly #now: () => number;
  readonly #limit: SilenceLimit;
  /** One for the whole stream, because one for each event would cost more than all else here. */
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Immediate | undefined;
  /** How long the next event has been waited for so far, in waits that brought none. */
  #waitedMs = 0;
  #waitingSinceMs: number | undefined;
  /** When the first event was there, monotonic milliseconds. */
  firstEventAtMs: number | undefined;
  /** Between two events, milliseconds; undefined without two. */
  longestGapMs: number | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number, limit: SilenceLimit) {
    this.#now = now;
    this.#limit = limit;
  }

  /** The upstream is asked for more. @param nowMs for who has looked at the clock already */
  wait(nowMs = this.#now()): void {
    this.#waitingSinceMs = nowMs;
  }

  /** The wait is over. @param events how many it brought */
  arrived(events: number, nowMs = this.#now()): void {
    this.#waitedMs += nowMs - (this.#waitingSinceMs ?? nowMs);
    this.#waitingSinceMs = undefined;
    if (events === 0) return;
    if (this.firstEventAtMs === undefined) this.#begin(nowMs, events);
    else this.longestGapMs = Math.max(this.longestGapMs ?? 0, this.#waitedMs);
    this.#waitedMs = 0;
  }

  /** Ends the watch. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#look);
  }

  #begin(nowMs: number, events: number): void {
    this.firstEventAtMs = nowMs;
    if (events > 1) this.longestGapMs = 0;
    this.#lookAfter(this.#limit.silenceMs);
  }

  #lookAfter(ms: number): void {
    const look = () => {
      const leftMs = this.#limit.silenceMs - this.#silentMs();
      if (leftMs <= 0) this.#limit.onSilence();
      else this.#lookAfter(leftMs);
    };
    this.#timer = setTimeout(() => {
      // Where the process stood still timers come first, so what has arrived meanwhile is read before the look.
      this.#look = setImmediate(look);
    }, ms).unref();
  }

  #silentMs(): number {
    const sinceMs = this.#waitingSinceMs;
    return this.#waitedMs + (sinceMs === undefined ? 0 : this.#now() - sinceMs);
  }
}

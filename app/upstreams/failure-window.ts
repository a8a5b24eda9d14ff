/** Counts successes and failures over a sliding time window, in ten buckets. */

const BUCKETS = 10;

interface Bucket {
  readonly slot: number;
  failures: number;
  attempts: number;
}

export class FailureWindow {
  readonly #windowMs: number;
  readonly #now: () => number;
  #buckets: Bucket[] = [];
  #consecutiveFailures = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds, monotonic */
  constructor(windowMs: number, now: () => number) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  recordSuccess(): void {
    this.#bucket().attempts += 1;
    this.#consecutiveFailures = 0;
  }

  recordFailure(): void {
    const bucket = this.#bucket();
    bucket.attempts += 1;
    bucket.failures += 1;
    const nowMs = this.#now();
    if (nowMs - this.#failedAtMs > this.#windowMs) this.#consecutiveFailures = 0;
    this.#consecutiveFailures += 1;
    this.#failedAtMs = nowMs;
  }

  /** Failures since the last success; a gap longer than the window restarts the count. */
  get consecutiveFailures(): number {
    return this.#consecutiveFailures;
  }

  totals(): { readonly failures: number; readonly attempts: number } {
    const oldest = this.#slot() - BUCKETS;
    const totals = { failures: 0, attempts: 0 };
    for (const { slot, failures, attempts } of this.#buckets) {
      if (slot <= oldest) continue;
      totals.failures += failures;
      totals.attempts += attempts;
    }
    return totals;
  }

  #slot(): number {
    return Math.floor(this.#now() / (this.#windowMs / BUCKETS));
  }

  /** The current bucket; buckets that have left the window are dropped when a new one begins. */
  #bucket(): Bucket {
    const slot = this.#slot();
    const last = this.#buckets.at(-1);
    if (last?.slot === slot) return last;
    const bucket = { slot, failures: 0, attempts: 0 };
    this.#buckets = [...this.#buckets.filter((old) => old.slot > slot - BUCKETS), bucket];
    return bucket;
  }
}

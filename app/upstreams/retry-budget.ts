/**
 * Limits retries to a share of the successes: in an outage nothing succeeds, so retries stop and do not
 * multiply the load. A token bucket, as in gRPC's retry throttling (gRFC A6).
 */

export interface RetryBudgetOptions {
  /** Retries earned by a success: 0.1 allows one retry for ten successes. */
  readonly ratio: number;
  /** Retries that can be saved up. There are as many at the start, so that a quiet service can retry. */
  readonly capacity: number;
}

export const RETRY_BUDGET_DEFAULTS: RetryBudgetOptions = { ratio: 0.1, capacity: 10 };

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #tokens: number;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#tokens = options.capacity;
  }

  /** Records a successful call, which earns part of a retry. */
  earn(): void {
    const { ratio, capacity } = this.#options;
    this.#tokens = Math.min(capacity, this.#tokens + ratio);
  }

  /** Takes one retry. @returns false when none is left */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Retries that may be made now. */
  left(): number {
    return Math.floor(this.#tokens);
  }
}

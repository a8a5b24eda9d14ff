/**
 * Limits the retries of all calls together: light faults are hidden, but in an outage, where no retry
 * succeeds, retries stop and do not multiply the load. The token bucket of the AWS SDKs' standard mode, in
 * units of one retry: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */

export interface RetryBudgetOptions {
  /** Retries that can be saved up, and that there are at the start. */
  readonly capacity: number;
  /** What a call earns that succeeds without a retry. */
  readonly earned: number;
}

export const RETRY_BUDGET_DEFAULTS: RetryBudgetOptions = { capacity: 100, earned: 0.2 };

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #left: number;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#left = options.capacity;
  }

  /** Records a call that succeeded without a retry, which earns part of one. */
  earn(): void {
    this.giveBack(this.#options.earned);
  }

  /** Records a retry that succeeded: it was worth its cost. */
  giveBack(cost: number): void {
    this.#left = Math.min(this.#options.capacity, this.#left + cost);
  }

  /** @param cost 1 for most retries @returns false when less than that is left; nothing is taken then */
  spend(cost = 1): boolean {
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }

  /** Retries that may be made now. */
  left(): number {
    return Math.floor(this.#left);
  }
}

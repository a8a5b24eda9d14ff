/**
 * How many retries may be made, as a share of what succeeds: in an outage nothing does, so retries stop
 * and it is not multiplied. A token bucket, as in gRPC's retry throttling (gRFC A6).
 */

export interface RetryBudget {
  /** A call succeeded: a part of a retry is earned. */
  earn(): void;
  /** Takes one retry. @returns false when there is none */
  spend(): boolean;
  /** Retries that may be made now. */
  left(): number;
}

/**
 * @param ratio retries earned by a success: 0.1 allows one for ten
 * @param capacity what can be saved up, and what there is at the start, so that a quiet service retries
 */
export function createRetryBudget({
  ratio,
  capacity,
}: {
  readonly ratio: number;
  readonly capacity: number;
}): RetryBudget {
  let tokens = capacity;
  return {
    earn() {
      tokens = Math.min(capacity, tokens + ratio);
    },
    spend() {
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    left: () => Math.floor(tokens),
  };
}

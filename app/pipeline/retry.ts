/** Stage: makes an attempt again where that can succeed, with full jitter and within the deadline. */
import { isRetryable, retryAfterMs } from '../anthropic/errors.ts';
import { outcomeOfStatus } from '../anthropic/messages.ts';
import { AppError } from '../errors.ts';
import type { Outcome, RetryRefusal } from '../telemetry/recorder.ts';
import type { RetryBudget } from '../upstreams/retry-budget.ts';
import { outcomeOfError } from './outcome.ts';
import type { Clock, PipelineResponse, Stage } from './stage.ts';

export interface RetryOptions {
  /** Attempts after the first. */
  readonly maxRetries: number;
  /** First back-off, doubled for each further one. */
  readonly baseMs: number;
  /** Longest back-off of our own; what an upstream asks for is bounded by the call's deadline. */
  readonly capMs: number;
}

export interface RetryDeps {
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Shared by all calls. */
  readonly budget: RetryBudget;
}

/** After a timeout the upstream may still be at work, and is paid: once more, and no further. */
const MAX_TIMEOUT_RETRIES = 1;
/** A longer timer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Retries answers and errors alike; what comes back of a stream has begun, and is never retried here.
 * The last answer goes to the caller with `x-should-retry: false`, so that his SDK does not multiply
 * ours; an error of ours is marked by the error handler.
 */
export function retry(options: RetryOptions, deps: RetryDeps): Stage {
  const { clock, random, budget } = deps;
  const backoffMs = (retries: number) =>
    random() * Math.min(options.capMs, options.baseMs * 2 ** retries);
  return async function retry(request, next) {
    const { call, signal } = request;
    let retries = 0;
    let timeouts = 0;
    for (;;) {
      const result = await settle(() => next(request));
      const reason = reasonToRetry(result);
      if (reason === undefined) {
        earn(result, budget);
        return finish(result);
      }
      if (signal.aborted) return finish(result);
      if (hasAnotherKey(result)) {
        call.retry(reason);
        continue;
      }
      if (reason === 'timeout') timeouts += 1;
      const asked = 'response' in result ? retryAfterMs(result.response.headers) : undefined;
      const waitMs = asked === undefined ? backoffMs(retries) : asked + random() * options.baseMs;
      const refusal =
        retries >= options.maxRetries || timeouts > MAX_TIMEOUT_RETRIES
          ? 'attempts'
          : refusalOf(waitMs, request.deadlineAtMs - clock.now(), budget);
      if (refusal !== undefined) {
        call.retryRefused(refusal);
        return lastWord(result);
      }
      call.retry(reason);
      call.waitBegins();
      await clock.sleep(waitMs, signal).finally(() => call.waitEnds());
      retries += 1;
    }
  };
}

/**
 * It is tried at once and costs no budget: the upstream is well, only that key is not. There are as many
 * such attempts at most as the upstream has keys.
 */
export function hasAnotherKey(result: Result): boolean {
  return 'response' in result && result.response.anotherKey === true;
}

/** A stream has succeeded when it has ended well. */
function earn(result: Result, budget: RetryBudget): void {
  if (!('response' in result) || result.response.status >= 400) return;
  const { ended } = result.response;
  if (ended) void ended.then((outcome) => outcome === 'success' && budget.earn());
  else budget.earn();
}

/** Time first: a retry that cannot be made takes none of the budget. */
function refusalOf(waitMs: number, leftMs: number, budget: RetryBudget): RetryRefusal | undefined {
  if (waitMs >= Math.min(leftMs, MAX_TIMER_MS)) return 'deadline';
  return budget.spend() ? undefined : 'budget';
}

/** An answer of any status, or what was thrown. */
export type Result = { readonly response: PipelineResponse } | { readonly error: unknown };

export async function settle(fn: () => Promise<PipelineResponse>): Promise<Result> {
  try {
    return { response: await fn() };
  } catch (error) {
    return { error };
  }
}

/** Why another attempt can succeed; undefined where it cannot, or need not. */
export function reasonToRetry(result: Result): Outcome | undefined {
  if ('response' in result) {
    const { response } = result;
    const again = response.anotherKey || isRetryable(response);
    return again ? outcomeOfStatus(response.status) : undefined;
  }
  const { error } = result;
  return error instanceof AppError && error.retryable ? outcomeOfError(error) : undefined;
}

export function finish(result: Result): PipelineResponse {
  if ('error' in result) throw result.error;
  return result.response;
}

function lastWord(result: Result): PipelineResponse {
  const response = finish(result);
  return { ...response, headers: { ...response.headers, 'x-should-retry': 'false' } };
}

/** Stage: makes an attempt again where that can succeed, with full jitter and within the deadline. */
import { isTransient, retryAfterMs } from '../anthropic/errors.ts';
import type { RetryRefusal } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';
import type { RetryBudget } from '../upstreams/retry-budget.ts';
import { canUseAnotherKey, type Result, reasonToRetry, unwrap, whenEnded } from './attempt.ts';
import type { LendSlot, PipelineRequest, PipelineResponse, Stage } from './stage.ts';

export interface RetryOptions {
  /** Attempts after the first. */
  readonly maxRetries: number;
  /** First back-off, doubled for each further one. */
  readonly baseMs: number;
  /** Longest back-off of our own; one that an upstream asks for is bounded by the call's deadline. */
  readonly capMs: number;
}

/** As in Anthropic's own SDKs: 0.5 s, doubled to 8 s. */
export const BACKOFF_DEFAULTS = { baseMs: 500, capMs: 8_000 };

export interface RetryDeps {
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Shared by all calls. */
  readonly budget: RetryBudget;
}

/** A timeout is retried once only: the first attempt may still run, and is billed. */
const MAX_TIMEOUT_RETRIES = 1;
/** What a retry after a timeout takes from the budget: the upstream has probably too much to do. */
const TIMEOUT_COST = 2;
/** `setTimeout` fires at once for a longer wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The retries and timeouts of one call so far. */
interface Tally {
  retries: number;
  timeouts: number;
  /** What the last retry took from the budget. */
  cost: number;
}

/**
 * Retries responses and errors alike; a stream that comes back has begun, and is never retried here.
 * The last response goes to the caller with `x-should-retry: false`, so that the caller's SDK does not
 * multiply our retries; the error handler marks errors of ours.
 */
export function retry(options: RetryOptions, deps: RetryDeps): Stage {
  return async function retry(request, next) {
    const { call, signal } = request;
    const tally: Tally = { retries: 0, timeouts: 0, cost: 0 };
    for (;;) {
      let result: Result;
      try {
        result = { response: await next(request) };
      } catch (error) {
        result = { error };
      }
      const reason = reasonToRetry(result);
      if (reason === undefined || signal.aborted)
        return withAdvice(earn(unwrap(result), tally, deps.budget));
      // The upstream is healthy, only the key is not: another is tried at once and costs no budget. The
      // upstream's few keys bound such attempts.
      if (canUseAnotherKey(result)) {
        call.retry(reason);
        continue;
      }
      if (reason === 'timeout') tally.timeouts += 1;
      tally.cost = reason === 'timeout' ? TIMEOUT_COST : 1;
      const leftMs = request.deadlineAtMs - deps.clock.now();
      const wait = nextWait(result, tally, leftMs, options, deps);
      if (typeof wait === 'string') {
        call.retryRefused(wait);
        return lastWord(unwrap(result));
      }
      await backOff(wait, request, deps.clock).catch((error) => {
        deps.budget.giveBack(tally.cost);
        throw error;
      });
      call.retry(reason);
      tally.retries += 1;
    }
  };
}

/** @returns milliseconds until the next attempt, or why none is made */
function nextWait(
  result: Result,
  { retries, timeouts, cost }: Tally,
  leftMs: number,
  { maxRetries, baseMs, capMs }: RetryOptions,
  { random, budget }: RetryDeps,
): number | RetryRefusal {
  if (retries >= maxRetries || timeouts > MAX_TIMEOUT_RETRIES) return 'attempts';
  const requestedMs = 'response' in result ? retryAfterMs(result.response.headers) : undefined;
  const waitMs =
    requestedMs === undefined
      ? random() * Math.min(capMs, baseMs * 2 ** retries)
      : requestedMs + random() * baseMs;
  // The deadline is checked first: a retry that cannot be made takes none of the budget.
  if (waitMs >= Math.min(leftMs, MAX_TIMER_MS)) return 'deadline';
  return budget.spend(cost) ? waitMs : 'budget';
}

/** Nothing is done for the call meanwhile, so that it holds no slot: others are served. */
function backOff(
  waitMs: number,
  { state, signal, lendSlot = withoutSlot }: PipelineRequest,
  clock: Clock,
): Promise<void> {
  return lendSlot(signal, async () => {
    state.upstreamWait.start();
    try {
      await clock.sleep(waitMs, signal);
    } finally {
      state.upstreamWait.stop();
    }
  });
}

const withoutSlot: LendSlot = (_signal, wait) => wait();

/** Only a call that succeeds earns retries for others, or gives back what its own last retry took. */
function earn(
  response: PipelineResponse,
  { retries, cost }: Tally,
  budget: RetryBudget,
): PipelineResponse {
  if (response.status < 400) {
    whenEnded(response, (outcome) => {
      if (outcome !== 'success') return;
      if (retries === 0) budget.earn();
      else budget.giveBack(cost);
    });
  }
  return response;
}

/** What is not worth our retry, such as the 429 of a spend limit, is not worth the retry of a caller's SDK. */
function withAdvice(response: PipelineResponse): PipelineResponse {
  return isTransient(response.status) ? lastWord(response) : response;
}

function lastWord(response: PipelineResponse): PipelineResponse {
  return { ...response, headers: { ...response.headers, 'x-should-retry': 'false' } };
}

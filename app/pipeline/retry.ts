/** Stage: makes an attempt again where that can succeed, with full jitter and within the deadline. */
import { retryAfterMs } from '../anthropic/errors.ts';
import type { Outcome } from '../outcome.ts';
import type { RetryRefusal } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';
import type { RetryBudget } from '../upstreams/retry-budget.ts';
import { canUseAnotherKey, type Result, reasonToRetry, settle, unwrap } from './attempt.ts';
import type { PipelineRequest, PipelineResponse, Stage } from './stage.ts';

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
/** `setTimeout` fires at once for a longer wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What is done after an attempt. */
type Decision =
  | { readonly kind: 'return' }
  | { readonly kind: 'refuse'; readonly reason: RetryRefusal }
  | { readonly kind: 'retry'; readonly reason: Outcome; readonly waitMs: number | undefined };

/** Retries of one call so far. */
interface Tally {
  readonly retries: number;
  readonly timeouts: number;
}

/**
 * Retries responses and errors alike; a stream that comes back has begun, and is never retried here.
 * The last response goes to the caller with `x-should-retry: false`, so that the caller's SDK does not
 * multiply our retries; the error handler marks errors of ours.
 */
export function retry(options: RetryOptions, deps: RetryDeps): Stage {
  return async function retry(request, next) {
    let tally: Tally = { retries: 0, timeouts: 0 };
    for (;;) {
      const result = await settle(() => next(request));
      const reason = reasonToRetry(result);
      if (reason === 'timeout') tally = { ...tally, timeouts: tally.timeouts + 1 };
      const decision = decide(result, reason, tally, request, options, deps);
      if (decision.kind === 'return') return earn(unwrap(result), deps.budget);
      if (decision.kind === 'refuse') {
        request.call.retryRefused(decision.reason);
        return lastWord(unwrap(result));
      }
      request.call.retry(decision.reason);
      if (decision.waitMs === undefined) continue;
      await backOff(decision.waitMs, request, deps.clock);
      tally = { ...tally, retries: tally.retries + 1 };
    }
  };
}

/**
 * Another key is tried at once and costs no budget: the upstream is healthy, only the key is not. An
 * upstream has few keys, which bounds such attempts.
 */
function decide(
  result: Result,
  reason: Outcome | undefined,
  { retries, timeouts }: Tally,
  { signal, deadlineAtMs }: PipelineRequest,
  options: RetryOptions,
  { clock, random, budget }: RetryDeps,
): Decision {
  if (reason === undefined || signal.aborted) return { kind: 'return' };
  if (canUseAnotherKey(result)) return { kind: 'retry', reason, waitMs: undefined };
  if (retries >= options.maxRetries || timeouts > MAX_TIMEOUT_RETRIES) {
    return { kind: 'refuse', reason: 'attempts' };
  }
  const requestedMs = 'response' in result ? retryAfterMs(result.response.headers) : undefined;
  const waitMs =
    requestedMs === undefined
      ? random() * Math.min(options.capMs, options.baseMs * 2 ** retries)
      : requestedMs + random() * options.baseMs;
  // The deadline is looked at first: a retry that cannot be made takes none of the budget.
  if (waitMs >= Math.min(deadlineAtMs - clock.now(), MAX_TIMER_MS)) {
    return { kind: 'refuse', reason: 'deadline' };
  }
  return budget.spend() ? { kind: 'retry', reason, waitMs } : { kind: 'refuse', reason: 'budget' };
}

async function backOff(
  waitMs: number,
  { state, signal }: PipelineRequest,
  clock: Clock,
): Promise<void> {
  state.upstreamWait.start();
  try {
    await clock.sleep(waitMs, signal);
  } finally {
    state.upstreamWait.stop();
  }
}

/** Only what ended well earns a retry for others. */
function earn(response: PipelineResponse, budget: RetryBudget): PipelineResponse {
  if (response.status < 400) {
    void response.outcome.then((outcome) => outcome === 'success' && budget.earn());
  }
  return response;
}

function lastWord(response: PipelineResponse): PipelineResponse {
  return { ...response, headers: { ...response.headers, 'x-should-retry': 'false' } };
}

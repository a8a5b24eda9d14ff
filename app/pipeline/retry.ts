/** Stage: makes an attempt again where that can succeed, with full jitter and within the deadline. */
import { outcomeOfStatus } from '../claude/messages.ts';
import { AppError } from '../errors.ts';
import type { Outcome } from '../telemetry/recorder.ts';
import { outcomeOfError } from './outcome.ts';
import type { Clock, PipelineResponse, Stage } from './stage.ts';

export interface RetryOptions {
  /** Attempts after the first. */
  readonly maxRetries: number;
  /** First back-off, doubled for each further one. */
  readonly baseMs: number;
  /** Longest back-off; an upstream that asks for more is not waited for. */
  readonly capMs: number;
}

export interface RetryDeps {
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

/** https://docs.anthropic.com/en/api/errors; 408 and 409 as Anthropic's own SDKs do. */
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([408, 409, 429, 500, 502, 503, 504, 529]);

/** A 4xx would fail again; an answer that says `x-should-retry` knows better than its status. */
export function isRetryable({ status, headers }: PipelineResponse): boolean {
  const advice = headers['x-should-retry'];
  if (advice === 'true') return status >= 400;
  if (advice === 'false') return false;
  return RETRYABLE_STATUS.has(status);
}

/**
 * What the upstream asks for, in milliseconds: `retry-after-ms`, else `retry-after` in seconds or
 * as an HTTP date (RFC 9110, 10.2.3). Undefined where it asks nothing that can be read.
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  dateNowMs: () => number = Date.now,
): number | undefined {
  const ms = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (ms >= 0) return ms;
  const after = headers['retry-after'] ?? '';
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const dateMs = Date.parse(after);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - dateNowMs());
}

/**
 * Retries answers and errors alike; a stream whose headers came is never retried here. The last
 * answer goes to the caller with `x-should-retry: false`, so that his SDK does not multiply ours.
 */
export function retry(options: RetryOptions, { clock, random }: RetryDeps): Stage {
  const backoffMs = (retries: number) =>
    random() * Math.min(options.capMs, options.baseMs * 2 ** retries);
  return async function retry(request, next) {
    for (let retries = 0; ; retries += 1) {
      const result = await settle(() => next(request));
      const reason = reasonToRetry(result);
      if (reason === undefined || request.signal.aborted) return finish(result);
      const asked = 'response' in result ? retryAfterMs(result.response.headers) : undefined;
      const waitMs = asked === undefined ? backoffMs(retries) : asked + random() * options.baseMs;
      if (retries >= options.maxRetries || (asked ?? 0) > options.capMs) return lastWord(result);
      request.call.retry(reason);
      const startedMs = clock.now();
      await clock.sleep(waitMs, request.signal);
      request.call.waited(clock.now() - startedMs);
    }
  };
}

type Result = { readonly response: PipelineResponse } | { readonly error: unknown };

async function settle(fn: () => Promise<PipelineResponse>): Promise<Result> {
  try {
    return { response: await fn() };
  } catch (error) {
    return { error };
  }
}

function reasonToRetry(result: Result): Outcome | undefined {
  if ('response' in result) {
    return isRetryable(result.response) ? outcomeOfStatus(result.response.status) : undefined;
  }
  const { error } = result;
  return error instanceof AppError && error.retryable ? outcomeOfError(error) : undefined;
}

function finish(result: Result): PipelineResponse {
  if ('error' in result) throw result.error;
  return result.response;
}

function lastWord(result: Result): PipelineResponse {
  const response = finish(result);
  return { ...response, headers: { ...response.headers, 'x-should-retry': 'false' } };
}

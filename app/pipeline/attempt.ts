/** The result of an attempt as a value: a response of any status, or what was thrown. */
import { isRetryable } from '../anthropic/errors.ts';
import { AppError, outcomeOfError } from '../errors.ts';
import { OUTCOME_TRAITS, type Outcome, outcomeOfStatus } from '../outcome.ts';
import type { PipelineResponse } from './stage.ts';

export type Result = { readonly response: PipelineResponse } | { readonly error: unknown };

/**
 * Calls back once a response has ended: at once for a complete one. An error of the callback goes no further:
 * nobody waits for it, and an unhandled rejection would end the process.
 */
export function whenEnded(
  { outcome }: Pick<PipelineResponse, 'outcome'>,
  callback: (outcome: Outcome) => void,
): void {
  if (typeof outcome !== 'string') {
    outcome.then(callback).catch(() => {});
    return;
  }
  try {
    callback(outcome);
  } catch {
    // An error of the callback goes no further here either.
  }
}

/** @throws what the attempt threw */
export function unwrap(result: Result): PipelineResponse {
  if ('error' in result) throw result.error;
  return result.response;
}

/** Whether its key was rejected while another may be accepted. */
export function canUseAnotherKey(result: Result): boolean {
  return 'response' in result && result.response.retryWithAnotherKey === true;
}

/** @returns the outcome that a response stands for when it arrives; a stream may still end otherwise */
export function outcomeOfResponse({ failure, status }: PipelineResponse): Outcome {
  return failure ?? outcomeOfStatus(status);
}

/** @returns why another attempt can succeed; undefined where it cannot, or need not */
export function reasonToRetry(result: Result): Outcome | undefined {
  if ('response' in result) {
    const again = canUseAnotherKey(result) || isWorthRepeating(result.response);
    return again ? outcomeOfResponse(result.response) : undefined;
  }
  const { error } = result;
  return error instanceof AppError && error.retryable ? outcomeOfError(error) : undefined;
}

/**
 * A spend limit comes as a 429 too, but lasts until the month is over, while a 5xx about an account passes. A
 * body that was too slow on its way comes as a 400, and is worth what a 408 is.
 */
function isWorthRepeating(response: PipelineResponse): boolean {
  const { status, headers } = response;
  const outcome = outcomeOfResponse(response);
  if (!isRetryable(outcome === 'timeout' ? 408 : status, headers)) return false;
  const lasts = OUTCOME_TRAITS[outcome].keyFault === true && status < 500;
  return !lasts || headers['x-should-retry'] === 'true';
}

/** How an error of ours reads as the outcome of a call or an attempt. */
import { AppError, type ErrorCode } from '../errors.ts';
import type { Outcome } from '../telemetry/recorder.ts';

const OUTCOME: Readonly<Record<ErrorCode, Outcome>> = {
  invalid_request: 'invalid_request',
  unauthenticated: 'invalid_request',
  request_too_large: 'invalid_request',
  not_found: 'invalid_request',
  // His own 4xx, from us.
  caller_limited: 'invalid_request',
  forbidden: 'invalid_request',
  no_key: 'internal_error',
  no_upstream: 'upstream_error',
  draining: 'shed',
  shed: 'shed',
  timeout: 'timeout',
  // He would wait no longer: as if he had gone away.
  caller_deadline: 'client_cancelled',
  network_error: 'network_error',
  bad_upstream_answer: 'upstream_error',
  truncated: 'truncated',
  client_cancelled: 'client_cancelled',
  internal_error: 'internal_error',
};

/** What is not an AppError is a mistake of ours. */
export function outcomeOfError(error: unknown): Outcome {
  return error instanceof AppError ? OUTCOME[error.code] : 'internal_error';
}

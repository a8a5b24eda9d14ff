/**
 * The one table of how calls, attempts and requests end. Every other set of outcomes, error codes or
 * statuses in the service is a filter of it. Meanings: docs/semantics.md.
 */
import {
  type ApiError,
  type Blame,
  blameOf,
  type SentRequest,
} from './anthropic/account-errors.ts';
import { type ApiErrorType, statusOfErrorType } from './anthropic/errors.ts';

/** The consequences of an outcome; an absent flag is false. */
interface OutcomeTraits {
  /** How the availability objective counts a call that ended so. */
  readonly objective: 'good' | 'bad' | 'excluded';
  /** Spans that ended so are marked as errors. */
  readonly isError?: true;
  /** An attempt that ended so counts in `claude_api_errors_total`: the caller was not at fault. */
  readonly failedAttempt?: true;
  /** Evidence against the upstream: it counts for the circuit breaker. */
  readonly upstreamFault?: true;
  /** The upstream rejected our key or account: another upstream may accept its own. */
  readonly keyFault?: true;
  /** The latency objective counts such a call as slow once its limit has passed. */
  readonly lateIsSlow?: true;
}

const FAILED = { objective: 'bad', isError: true, failedAttempt: true } as const;
const UPSTREAM_FAILED = { ...FAILED, upstreamFault: true } as const;

const TRAITS = {
  success: { objective: 'good' },
  upstream_error: UPSTREAM_FAILED,
  overloaded: UPSTREAM_FAILED,
  rate_limited: FAILED,
  timeout: UPSTREAM_FAILED,
  network_error: UPSTREAM_FAILED,
  truncated: UPSTREAM_FAILED,
  auth_error: { ...FAILED, keyFault: true },
  shed: { objective: 'bad', isError: true },
  internal_error: { objective: 'bad', isError: true },
  invalid_request: { objective: 'excluded', isError: true },
  client_cancelled: { objective: 'excluded', lateIsSlow: true },
} as const satisfies Record<string, OutcomeTraits>;

/** How a call or an attempt ended: a label, so one of this fixed set. */
export type Outcome = keyof typeof TRAITS;

/** The traits of each outcome. */
export const OUTCOME_TRAITS: Readonly<Record<Outcome, OutcomeTraits>> = TRAITS;

/** Every outcome. */
export const OUTCOMES = Object.keys(TRAITS) as readonly Outcome[];

/** Values of the label `outcome` of durations: each would otherwise have a histogram of every model. */
export const DURATION_OUTCOMES = ['success', 'client_cancelled', 'failed'] as const;

/** @returns the outcome as the label of a duration has it */
export function durationOutcome(outcome: Outcome): (typeof DURATION_OUTCOMES)[number] {
  return outcome === 'success' || outcome === 'client_cancelled' ? outcome : 'failed';
}

/** @returns the outcomes whose traits pass the test, in the order of the table */
export function outcomesWhere(test: (traits: OutcomeTraits) => boolean): readonly Outcome[] {
  return OUTCOMES.filter((outcome) => test(TRAITS[outcome]));
}

/** Values of the label `error_type`: outcomes of attempts that failed through no fault of the caller. */
export const ATTEMPT_ERRORS = outcomesWhere(({ failedAttempt }) => failedAttempt === true);

/**
 * Values of the label `reason` of retries: also a 409, or any other 4xx that its upstream advises to repeat.
 */
export const RETRY_REASONS = [...ATTEMPT_ERRORS, 'invalid_request'] as const satisfies Outcome[];

/** How an error of ours appears on the wire and in telemetry. */
interface ErrorTraits {
  /** HTTP status of the response. */
  readonly status: number;
  /** Anthropic's name for the error. */
  readonly type: ApiErrorType;
  readonly outcome: Outcome;
  /** The request was refused before it became a call, so no stage has recorded its outcome. */
  readonly refused?: true;
  /** The time is up: a client that retries would only multiply the load. */
  readonly outOfTime?: true;
}

const CALLERS_FAULT = { outcome: 'invalid_request', refused: true } as const;

/** Every error of ours, by a code that is fit for a label. */
export const ERROR_CODES = {
  invalid_request: { status: 400, type: 'invalid_request_error', ...CALLERS_FAULT },
  unauthenticated: { status: 401, type: 'authentication_error', ...CALLERS_FAULT },
  forbidden: { status: 403, type: 'permission_error', ...CALLERS_FAULT },
  request_timeout: { status: 408, type: 'invalid_request_error', ...CALLERS_FAULT },
  request_too_large: { status: 413, type: 'request_too_large', ...CALLERS_FAULT },
  headers_too_large: { status: 431, type: 'invalid_request_error', ...CALLERS_FAULT },
  quota_exceeded: { status: 429, type: 'rate_limit_error', ...CALLERS_FAULT },
  // A request for an unknown path is not a call, so nothing counts it.
  not_found: { status: 404, type: 'not_found_error', outcome: 'invalid_request' },
  draining: { status: 503, type: 'api_error', outcome: 'shed', refused: true },
  shed: { status: 503, type: 'overloaded_error', outcome: 'shed', refused: true },
  signature_unverifiable: {
    status: 503,
    type: 'api_error',
    outcome: 'internal_error',
    refused: true,
  },
  no_key: { status: 503, type: 'api_error', outcome: 'internal_error' },
  no_upstream: { status: 503, type: 'api_error', outcome: 'upstream_error' },
  timeout: { status: 504, type: 'timeout_error', outcome: 'timeout', outOfTime: true },
  // The caller no longer waits, which is as if they had disconnected.
  caller_deadline: {
    status: 504,
    type: 'timeout_error',
    outcome: 'client_cancelled',
    outOfTime: true,
  },
  // This machine lacks descriptors, ports or memory, which says nothing about the upstream.
  resources_exhausted: { status: 503, type: 'api_error', outcome: 'internal_error' },
  network_error: { status: 502, type: 'api_error', outcome: 'network_error' },
  bad_upstream_response: { status: 502, type: 'api_error', outcome: 'upstream_error' },
  truncated: { status: 502, type: 'api_error', outcome: 'truncated' },
  // nginx's "client closed request": only the access log ever shows it.
  client_cancelled: { status: 499, type: 'api_error', outcome: 'client_cancelled' },
  internal_error: { status: 500, type: 'api_error', outcome: 'internal_error', refused: true },
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** @returns what a code means, every field of it */
export function errorTraits(code: ErrorCode): ErrorTraits {
  return ERROR_CODES[code];
}

/** Every outcome of requests that are refused before they become calls. */
export const REFUSAL_OUTCOMES: readonly Outcome[] = OUTCOMES.filter((outcome) =>
  Object.values<ErrorTraits>(ERROR_CODES).some((code) => code.refused && code.outcome === outcome),
);

const STATUS_OUTCOME: ReadonlyMap<number, Outcome> = new Map([
  [401, 'auth_error'],
  [402, 'auth_error'],
  [403, 'auth_error'],
  [408, 'timeout'],
  [429, 'rate_limited'],
  [504, 'timeout'],
  [529, 'overloaded'],
]);

/** @returns the outcome that an upstream's status stands for */
export function outcomeOfStatus(status: number): Outcome {
  if (status >= 200 && status < 300) return 'success';
  const known = STATUS_OUTCOME.get(status);
  if (known) return known;
  return status >= 400 && status < 500 ? 'invalid_request' : 'upstream_error';
}

const OUTCOME_OF_BLAME: Readonly<Record<Blame, Outcome>> = {
  account: 'auth_error',
  caller: 'invalid_request',
  network: 'timeout',
};

/**
 * @param error what the body says; undefined if the API did not write it
 * @param sent what the response answers
 * @returns the outcome that an upstream's error of this status, 400 or above, stands for
 */
export function outcomeOfApiError(
  status: number,
  error: ApiError | undefined,
  sent: SentRequest,
): Outcome {
  const blame = blameOf(error, status, sent);
  return blame ? OUTCOME_OF_BLAME[blame] : outcomeOfStatus(status);
}

/** @returns the outcome of an `error` event inside a stream: that of the status it would have had */
export function outcomeOfErrorEvent(error: ApiError, sent: SentRequest): Outcome {
  return outcomeOfApiError(statusOfErrorType(error.type), error, sent);
}

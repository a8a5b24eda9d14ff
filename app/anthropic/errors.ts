/**
 * Errors of the Messages API: their types, whether asking again can help, and when.
 * https://docs.anthropic.com/en/api/errors; retries follow Anthropic's own SDKs.
 */

/** Every error type with its HTTP status. */
export const API_ERROR_STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
} as const;

export type ApiErrorType = keyof typeof API_ERROR_STATUS;

/** The parts of a response that decide whether it can be retried. */
export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Text of a complete response; anything else is a stream. */
  readonly data: unknown;
}

/** A spend limit lasts until the month is over, so a retry cannot succeed. */
const SPEND_LIMIT = /"error_code"\s*:\s*"[a-z_]*spend_limit_reached"/;

/** @returns the status of an error type, 500 for a type that is not known */
export function statusOfErrorType(type: string): number {
  return Object.hasOwn(API_ERROR_STATUS, type) ? API_ERROR_STATUS[type as ApiErrorType] : 500;
}

/** @returns the error type of a status, `api_error` where the API defines none */
export function errorTypeOfStatus(status: number): ApiErrorType {
  const found = Object.entries(API_ERROR_STATUS).find(([, known]) => known === status);
  return (found?.[0] as ApiErrorType | undefined) ?? 'api_error';
}

/** Whether the same request can succeed later. Gateways use statuses of their own above 500. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** Whether a spend limit was reached. */
export function isSpendLimit({ status, data }: ApiResponse): boolean {
  return status === 429 && typeof data === 'string' && SPEND_LIMIT.test(data);
}

/** A 4xx would fail again; `x-should-retry` overrides the status. */
export function isRetryable(response: ApiResponse): boolean {
  const advice = response.headers['x-should-retry'];
  if (advice === 'true') return response.status >= 400;
  return advice !== 'false' && !isSpendLimit(response) && isTransient(response.status);
}

/**
 * The wait that the upstream asks for, in milliseconds: `retry-after-ms`, else `retry-after` in
 * seconds or as an HTTP date (RFC 9110, 10.2.3). Undefined where it asks for none, or none that can be parsed.
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  dateNowMs: () => number = Date.now,
): number | undefined {
  const ms = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (ms >= 0) return ms;
  const after = headers['retry-after'] ?? '';
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  // `Date.parse` takes more than HTTP dates: it reads "-1" as a year.
  const dateMs = /^[A-Z][a-z]{2},/.test(after) ? Date.parse(after) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - dateNowMs());
}

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

/** @returns the status of an error type, 500 for a type that is not known */
export function statusOfErrorType(type: string): number {
  return Object.hasOwn(API_ERROR_STATUS, type) ? API_ERROR_STATUS[type as ApiErrorType] : 500;
}

/** @returns the error type of a status; a 4xx that the API does not define is an invalid request */
export function errorTypeOfStatus(status: number): ApiErrorType {
  const found = Object.entries(API_ERROR_STATUS).find(([, known]) => known === status);
  const other = status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error';
  return (found?.[0] as ApiErrorType | undefined) ?? other;
}

/** Whether the same request can succeed later. Gateways use statuses of their own above 500. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** A 4xx would fail again; `x-should-retry` overrides the status. @param headers lower-case names */
export function isRetryable(status: number, headers: Readonly<Record<string, string>>): boolean {
  const advice = headers['x-should-retry'];
  if (advice === 'true') return status >= 400;
  return advice !== 'false' && isTransient(status);
}

/** `Date.parse` takes far more: it reads "-1" and "Mon, 1" as years. The form is RFC 9110's, 5.6.7. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

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
  const dateMs = HTTP_DATE.test(after) ? Date.parse(after) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - dateNowMs());
}

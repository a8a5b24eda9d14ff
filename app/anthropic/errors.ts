/**
 * What an upstream's answer says of asking again: whether, and when.
 * https://docs.anthropic.com/en/api/errors; the rest as Anthropic's own SDKs have it.
 */
import type { PipelineResponse } from '../pipeline/stage.ts';

/** A month's spend is used up: it fails until the month is over, whatever its status. */
const SPEND_LIMIT = /"error_code"\s*:\s*"[a-z_]*spend_limit_reached"/;

/** Whether the same request can succeed later. Gateways have statuses of their own above 500. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** Whether it is a spend limit that was reached. */
export function isSpent({ status, data }: PipelineResponse): boolean {
  return status === 429 && typeof data === 'string' && SPEND_LIMIT.test(data);
}

/** A 4xx would fail again; an answer that says `x-should-retry` knows better than its status. */
export function isRetryable(response: PipelineResponse): boolean {
  const advice = response.headers['x-should-retry'];
  if (advice === 'true') return response.status >= 400;
  return advice !== 'false' && !isSpent(response) && isTransient(response.status);
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
  // Not every text that Date.parse takes: "-1" is a date to it.
  const dateMs = /^[A-Z][a-z]{2},/.test(after) ? Date.parse(after) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - dateNowMs());
}

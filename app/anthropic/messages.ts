/**
 * The few parts of Anthropic's Messages API that the service reads; all else passes unread.
 * https://docs.anthropic.com/en/api/messages
 */
import type { Outcome, Usage } from '../telemetry/recorder.ts';

/** Facts of a whole answer, or of a stream's `message_start`. */
export interface MessageFacts {
  readonly id?: string;
  readonly model?: string;
  readonly stopReason?: string;
  readonly usage?: Usage;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function tokens(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** @returns the JSON object that a text holds; undefined for any other text */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const MAX_FACT_LENGTH = 128;

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_FACT_LENGTH) : undefined;
}

/** Token counts, each kept from `before` where this report lacks it: streams report in two parts. */
export function readUsage(value: unknown, before?: Usage): Usage | undefined {
  if (typeof value !== 'object' || value === null) return before;
  const usage = record(value);
  const pick = (name: string, old = 0) => (name in usage ? tokens(usage[name]) : old);
  return {
    inputTokens: pick('input_tokens', before?.inputTokens),
    outputTokens: pick('output_tokens', before?.outputTokens),
    cacheReadTokens: pick('cache_read_input_tokens', before?.cacheReadTokens),
    cacheCreationTokens: pick('cache_creation_input_tokens', before?.cacheCreationTokens),
  };
}

/** Reads a message object, whole or as in `message_start`. */
export function readMessage(value: unknown): MessageFacts {
  const message = record(value);
  const id = text(message['id']);
  const model = text(message['model']);
  const stopReason = text(message['stop_reason']);
  const usage = readUsage(message['usage']);
  return {
    ...(id !== undefined && { id }),
    ...(model !== undefined && { model }),
    ...(stopReason !== undefined && { stopReason }),
    ...(usage && { usage }),
  };
}

/** The type inside an error body or error event, '' where there is none. */
export function readErrorType(value: unknown): string {
  return text(record(record(value)['error'])['type']) ?? '';
}

const STATUS_OUTCOME: Readonly<Record<number, Outcome>> = {
  401: 'auth_error',
  402: 'auth_error',
  403: 'auth_error',
  408: 'timeout',
  429: 'rate_limited',
  504: 'timeout',
  529: 'overloaded',
};

/** The outcome of an upstream's status (docs/semantics.md). */
export function outcomeOfStatus(status: number): Outcome {
  if (status >= 200 && status < 300) return 'success';
  const known = STATUS_OUTCOME[status];
  if (known) return known;
  return status >= 400 && status < 500 ? 'invalid_request' : 'upstream_error';
}

const ERROR_TYPE_OUTCOME: ReadonlyMap<string, Outcome> = new Map([
  ['overloaded_error', 'overloaded'],
  ['rate_limit_error', 'rate_limited'],
  ['timeout_error', 'timeout'],
  ['authentication_error', 'auth_error'],
  ['permission_error', 'auth_error'],
  ['billing_error', 'auth_error'],
  ['invalid_request_error', 'invalid_request'],
]);

/** The outcome of an `error` event inside a 200 stream. */
export function outcomeOfErrorType(type: string): Outcome {
  return ERROR_TYPE_OUTCOME.get(type) ?? 'upstream_error';
}

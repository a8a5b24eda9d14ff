/**
 * The few parts of Anthropic's Messages API that the service reads; all else passes unread.
 * https://docs.anthropic.com/en/api/messages
 */

import { plainPart } from './plain-text.ts';

/**
 * Facts of a complete response, or of a stream's `message_start` and `message_delta`. The last three are `''`
 * where the API gave something that is no text.
 */
export interface MessageFacts {
  readonly id?: string;
  readonly model?: string;
  readonly stopReason?: string;
  /** `stop_details.category`; absent where the API names none. */
  readonly refusalCategory?: string;
  /** `diagnostics.cache_miss_reason`; absent where nothing was missed, or no diagnosis was asked for. */
  readonly cacheMissReason?: string;
}

/** Longer texts are cut: they become span attributes. */
const MAX_FACT_LENGTH = 128;

/** A JSON object whose members are not known. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object, not a list. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns the JSON object that a text holds; undefined for any other text */
export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? plainPart(value, MAX_FACT_LENGTH) : undefined;
}

/** @returns undefined for what says nothing */
function word(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : (text(value) ?? '');
}

/** Reads a message object, complete or as in `message_start`, or the `delta` of `message_delta`. */
export function readMessage(value: unknown): MessageFacts {
  const message = isObject(value) ? value : {};
  const id = text(message['id']);
  const model = text(message['model']);
  const stopReason = word(message['stop_reason']);
  const refusalCategory = word(fieldOf(message['stop_details'], 'category'));
  const missed = fieldOf(message['diagnostics'], 'cache_miss_reason');
  const cacheMissReason = word(isObject(missed) ? (missed['type'] ?? '') : missed);
  return {
    ...(id !== undefined && { id }),
    ...(model !== undefined && { model }),
    ...(stopReason !== undefined && { stopReason }),
    ...(refusalCategory !== undefined && { refusalCategory }),
    ...(cacheMissReason !== undefined && { cacheMissReason }),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

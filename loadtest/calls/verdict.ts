/** Decides whether an answer of `POST /v1/messages` counts as a success, and if not, why. */
import { asObject, isCount, type Json, parseObject } from './json.ts';
import type { Verdict } from './kinds.ts';
import { parseSse, type SseEvent } from './sse.ts';

export const OK: Verdict = { ok: true };
export const failed = (reason: string): Verdict => ({ ok: false, reason });

/** A complete answer is good when it is a finished message with its token counts. */
export function judgeComplete(status: number, body: string): Verdict {
  if (status !== 200) return failed(`status_${status}`);
  const message = parseObject(body);
  return message === undefined ? failed('not_json') : judgeMessage(message);
}

/** @param message of a complete answer, or of a batch's result */
export function judgeMessage(message: Json): Verdict {
  if (message['type'] === 'error') return failed('error_body');
  if (!isMessage(message)) return failed('not_a_message');
  if (typeof message['stop_reason'] !== 'string') return failed('no_stop_reason');
  return hasUsage(message) ? OK : failed('no_usage');
}

/**
 * A streaming answer is good when it begins with `message_start` and ends with `message_stop`,
 * without an `error` event between them. Its 200 alone means little: it is sent before the first
 * token.
 */
export function judgeStream(status: number, body: string): Verdict {
  if (status !== 200) return failed(`status_${status}`);
  const events = parseSse(body);
  if (events.length === 0) return failed('not_a_stream');
  if (events.some(isError)) return failed('error_event');
  const types: unknown[] = [];
  for (const event of events) {
    const type = parseObject(event.data)?.['type'];
    if (type === undefined) return failed('bad_event_data');
    if (type !== 'ping') types.push(type);
  }
  if (types[0] !== 'message_start') return failed('no_message_start');
  return types[types.length - 1] === 'message_stop' ? OK : failed('no_message_stop');
}

// Either mark is enough: the official SDK checks the event's name, other clients the data's type.
function isError(event: SseEvent): boolean {
  return event.event === 'error' || parseObject(event.data)?.['type'] === 'error';
}

function isMessage(value: Json): boolean {
  return (
    value['type'] === 'message' && value['role'] === 'assistant' && Array.isArray(value['content'])
  );
}

function hasUsage(message: Json): boolean {
  const usage = asObject(message['usage']);
  return isCount(usage?.['input_tokens']) && isCount(usage?.['output_tokens']);
}

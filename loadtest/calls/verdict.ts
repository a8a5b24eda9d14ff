/** Decides whether an answer of `POST /v1/messages` counts as a success, and if not, why. */
import { parseSse, type SseEvent } from './sse.ts';

/** The reason is a code from a small fixed set, so it can be a tag. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const OK: Verdict = { ok: true };
const failed = (reason: string): Verdict => ({ ok: false, reason });

type Json = Readonly<Record<string, unknown>>;

/** A complete answer is good when it is a finished message with its token counts. */
export function judgeComplete(status: number, body: string): Verdict {
  if (status !== 200) return failed(`status_${status}`);
  const message = parseObject(body);
  if (message === undefined) return failed('not_json');
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
  return Number.isInteger(usage?.['input_tokens']) && Number.isInteger(usage?.['output_tokens']);
}

function parseObject(text: string): Json | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
}

/**
 * Puts values back into a stream of events. A placeholder may come in pieces, so the end of a delta that
 * could be the beginning of one waits for the next; all other events pass byte for byte.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { parseObject } from '../anthropic/messages.ts';
import { mapStrings } from './pseudonymize-json.ts';
import type { Placeholders } from './pseudonyms.ts';

/** Two ends of line in a row; a CR that is last so far may be half of one. */
const EVENT_END = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n|$))/g;
/** A longer event goes out as it comes. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024;

/** Deltas that make one text when put together, by type: the field that has the piece. */
const PIECES: ReadonlyMap<unknown, 'text' | 'partial_json'> = new Map([
  ['text_delta', 'text'],
  ['input_json_delta', 'partial_json'],
]);
/** Of signed blocks, which pass as they are. */
const SIGNED_DELTAS: ReadonlySet<unknown> = new Set(['thinking_delta', 'signature_delta']);
const BLOCK_ENDS = 'content_block_stop';
/** After these no block goes on. */
const ALL_END: ReadonlySet<string | undefined> = new Set([
  'message_delta',
  'message_stop',
  'error',
]);

type Json = Record<string, unknown>;

/** What is held back of a block, and the event that it came in. */
interface Held {
  readonly piece: string;
  readonly body: Json;
}

/** @returns the stream with values in place of placeholders; it breaks where `data` does */
export async function* restoreStream(
  data: AsyncIterable<Uint8Array>,
  placeholders: Placeholders,
): AsyncGenerator<Uint8Array> {
  const split = createSplitter();
  const rewrite = createRewriter(placeholders);
  const rest = () => Buffer.from(rewrite.rest() + split.rest(), 'latin1');
  try {
    for await (const chunk of data) {
      const events = split.push(Buffer.from(chunk).toString('latin1'));
      const out = events.map(rewrite.event).join('');
      if (out !== '') yield Buffer.from(out, 'latin1');
    }
  } catch (error) {
    yield rest();
    throw error;
  }
  yield rest();
}

/** Cuts a stream into whole events. Latin-1 keeps every byte, a character each. */
function createSplitter() {
  let begun = '';
  let searchedTo = 0;
  return {
    push(text: string): string[] {
      begun += text;
      const events: string[] = [];
      let from = 0;
      // An end may have begun with the last three characters.
      EVENT_END.lastIndex = Math.max(0, searchedTo - 3);
      while (EVENT_END.test(begun)) {
        events.push(begun.slice(from, EVENT_END.lastIndex));
        from = EVENT_END.lastIndex;
      }
      if (begun.length - from > MAX_EVENT_BYTES) {
        events.push(begun.slice(from));
        from = begun.length;
      }
      begun = begun.slice(from);
      searchedTo = begun.length;
      return events;
    },
    rest: () => begun,
  };
}

function createRewriter(placeholders: Placeholders) {
  const held = new Map<unknown, Held>();
  let message: EventSourceMessage | undefined;
  const parser = createParser({
    onEvent: (event) => {
      message = event;
    },
  });
  const flush = (index: unknown) => {
    const before = held.get(index);
    held.delete(index);
    return before ? deltaEvent(before.body, before.piece) : '';
  };
  const rest = () => [...held.keys()].map(flush).join('');
  return {
    rest,
    /** @param raw one event as it came, Latin-1 @returns what goes out in its place */
    event(raw: string): string {
      message = undefined;
      // Of one that was too long only the beginning may have come.
      parser.reset();
      parser.feed(Buffer.from(raw, 'latin1').toString());
      if (!message) return raw;
      const { event, data } = message as EventSourceMessage;
      if (ALL_END.has(event)) return rest() + raw;
      if (!event?.startsWith('content_block_')) return raw;
      const body = parseObject(data);
      if (!body) return raw;
      if (event === BLOCK_ENDS) return flush(body['index']) + raw;
      return restoreEvent(raw, event, body, placeholders, held);
    },
  };
}

/** A delta of text or JSON, which may begin or end inside of a placeholder, or any other content. */
function restoreEvent(
  raw: string,
  event: string,
  body: Json,
  placeholders: Placeholders,
  held: Map<unknown, Held>,
): string {
  const delta = (body['delta'] ?? {}) as Json;
  const field = PIECES.get(delta['type']);
  if (!field) {
    if (SIGNED_DELTAS.has(delta['type'])) return raw;
    const restored = mapStrings(body, (text) => placeholders.restore(text));
    return restored === body ? raw : eventOf(event, restored);
  }
  const piece = String(delta[field] ?? '');
  const text = (held.get(body['index'])?.piece ?? '') + piece;
  const ready = text.length - placeholders.begun(text);
  if (ready < text.length) held.set(body['index'], { piece: text.slice(ready), body });
  else held.delete(body['index']);
  const write = field === 'partial_json' ? insideJson : undefined;
  const out = placeholders.restore(text.slice(0, ready), write);
  if (out === piece) return raw;
  return out === '' ? '' : deltaEvent(body, out);
}

/** As it stands between the quotes of a JSON string. */
function insideJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function deltaEvent(body: Json, piece: string): string {
  const delta = body['delta'] as Json;
  const field = PIECES.get(delta['type']) ?? 'text';
  return eventOf('content_block_delta', { ...body, delta: { ...delta, [field]: piece } });
}

/** Latin-1, as the events that pass. */
function eventOf(event: string, body: unknown): string {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(body)}\n\n`).toString('latin1');
}

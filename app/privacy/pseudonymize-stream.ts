/**
 * Puts values back into a stream of events. A pseudonym may come in pieces, so the end of a delta that
 * could begin one waits for the next delta; all other events pass byte for byte.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
import { parseObject } from '../anthropic/messages.ts';
import { createEvent, type EventStream, type SseEvent } from '../anthropic/sse.ts';
import { mapStrings } from './pseudonymize-json.ts';
import type { Pseudonyms } from './pseudonyms.ts';

/** Deltas that make one text when put together, by type: the field that has the piece. */
const PIECE_FIELDS: ReadonlyMap<unknown, 'text' | 'partial_json'> = new Map([
  ['text_delta', 'text'],
  ['input_json_delta', 'partial_json'],
]);
/** Deltas of signed blocks, which pass as they are. */
const SIGNED_DELTAS: ReadonlySet<unknown> = new Set(['thinking_delta', 'signature_delta']);
/** No block continues after one of these events. */
const ENDS_ALL_BLOCKS: ReadonlySet<string> = new Set(['message_delta', 'message_stop', 'error']);

type Json = Readonly<Record<string, unknown>>;

/** The end of a block so far that is held back, and the event that it came in. */
interface Held {
  readonly piece: string;
  readonly body: Json;
}

/** @returns the stream with values in place of pseudonyms; it breaks where `events` does */
export async function* restoreStream(
  events: EventStream,
  pseudonyms: Pseudonyms,
): AsyncGenerator<readonly SseEvent[]> {
  const restorer = new StreamRestorer(pseudonyms);
  try {
    for await (const batch of events) yield batch.flatMap((event) => restorer.restore(event));
  } catch (error) {
    yield restorer.rest();
    throw error;
  }
  yield restorer.rest();
}

class StreamRestorer {
  readonly #pseudonyms: Pseudonyms;
  /** By the block's index. */
  readonly #held = new Map<unknown, Held>();

  constructor(pseudonyms: Pseudonyms) {
    this.#pseudonyms = pseudonyms;
  }

  /** @returns what is sent in the event's place */
  restore(event: SseEvent): readonly SseEvent[] {
    const { type, data } = event;
    if (type === undefined) return [event];
    if (ENDS_ALL_BLOCKS.has(type)) return [...this.rest(), event];
    if (!type.startsWith('content_block_')) return [event];
    const body = parseObject(data);
    if (!body) return [event];
    if (type === 'content_block_stop') return [...this.#flush(body['index']), event];
    return this.#restoreContent(event, type, body);
  }

  /** @returns what is held back of all blocks, as events of their own */
  rest(): readonly SseEvent[] {
    return [...this.#held.keys()].flatMap((index) => this.#flush(index));
  }

  #flush(index: unknown): readonly SseEvent[] {
    const held = this.#held.get(index);
    this.#held.delete(index);
    return held ? [deltaEvent(held.body, held.piece)] : [];
  }

  #restoreContent(event: SseEvent, type: string, body: Json): readonly SseEvent[] {
    const delta = (body['delta'] ?? {}) as Json;
    const field = PIECE_FIELDS.get(delta['type']);
    if (field) return this.#restorePiece(event, body, field, String(delta[field] ?? ''));
    if (SIGNED_DELTAS.has(delta['type'])) return [event];
    const restored = mapStrings(body, (text) => this.#pseudonyms.restore(text));
    return [restored === body ? event : createEvent(type, JSON.stringify(restored))];
  }

  #restorePiece(
    event: SseEvent,
    body: Json,
    field: 'text' | 'partial_json',
    piece: string,
  ): readonly SseEvent[] {
    const index = body['index'];
    const text = (this.#held.get(index)?.piece ?? '') + piece;
    const ready = text.length - this.#pseudonyms.begun(text);
    if (ready < text.length) this.#held.set(index, { piece: text.slice(ready), body });
    else this.#held.delete(index);
    const write = field === 'partial_json' ? insideJson : undefined;
    const restored = this.#pseudonyms.restore(text.slice(0, ready), write);
    if (restored === piece) return [event];
    return restored === '' ? [] : [deltaEvent(body, restored)];
  }
}

/** @returns a value as it stands between the quotes of a JSON string */
function insideJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function deltaEvent(body: Json, piece: string): SseEvent {
  const delta = body['delta'] as Json;
  const field = PIECE_FIELDS.get(delta['type']) ?? 'text';
  const restored = { ...body, delta: { ...delta, [field]: piece } };
  return createEvent('content_block_delta', JSON.stringify(restored));
}

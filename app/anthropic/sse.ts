/**
 * The only parser of server-sent events in the service: it keeps each event together with its original
 * bytes, so that telemetry, redaction and pseudonyms share the parsed event and the bytes can pass unchanged.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** One block of a stream, up to and including the blank line that ends it. */
export interface SseEvent {
  /** Its bytes, exactly as they came. */
  readonly raw: Uint8Array;
  /** The event's name, `message` where it has none; undefined for bytes that are not an event. */
  readonly type: string | undefined;
  /** The event's data, its lines joined by line feeds; '' for bytes that are not an event. */
  readonly data: string;
}

/** Events as they become complete: a list for each network chunk, often of one event. */
export type EventStream = AsyncIterable<readonly SseEvent[]>;

/** The bytes of a longer event pass through unparsed, in pieces, so that nobody can fill the memory. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/** Cuts a stream of bytes into events. Every byte comes out again, once and in order. */
export class SseParser {
  readonly #parser = createParser({
    onEvent: (message) => {
      this.#message = message;
    },
  });
  #message: EventSourceMessage | undefined;
  /** Chunks of the event that has not ended yet. */
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  /** The current event is too long, so its pieces pass through unparsed. */
  #oversized = false;
  #atLineStart = true;
  #afterCr = false;

  /** @returns the events that this chunk completes */
  push(chunk: Uint8Array): readonly SseEvent[] {
    const events: SseEvent[] = [];
    let from = 0;
    for (let to = this.#endOfEvent(chunk, 0); to > 0; to = this.#endOfEvent(chunk, from)) {
      events.push(this.#complete(chunk.subarray(from, to)));
      from = to;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from), events);
    return events;
  }

  /** @returns the unfinished rest, as bytes that are not an event */
  rest(): readonly SseEvent[] {
    const raw = this.#take();
    return raw.length === 0 ? [] : [{ raw, type: undefined, data: '' }];
  }

  /** @returns the index after the blank line that ends the current event, 0 where there is none */
  #endOfEvent(chunk: Uint8Array, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte !== LF && byte !== CR) {
        this.#atLineStart = false;
        this.#afterCr = false;
        continue;
      }
      const endsCrLf = byte === LF && this.#afterCr;
      this.#afterCr = byte === CR;
      if (endsCrLf) continue;
      if (!this.#atLineStart) {
        this.#atLineStart = true;
        continue;
      }
      if (byte === LF || chunk[i + 1] !== LF) return i + 1;
      this.#afterCr = false;
      return i + 2;
    }
    return 0;
  }

  #hold(piece: Uint8Array, events: SseEvent[]): void {
    this.#pieces.push(piece);
    this.#pendingBytes += piece.length;
    if (!this.#oversized && this.#pendingBytes <= MAX_EVENT_BYTES) return;
    this.#oversized = true;
    events.push(...this.rest());
  }

  #complete(last: Uint8Array): SseEvent {
    this.#pieces.push(last);
    const raw = this.#take();
    if (this.#oversized) {
      this.#oversized = false;
      return { raw, type: undefined, data: '' };
    }
    this.#message = undefined;
    this.#parser.feed(textOf(raw));
    const message = this.#message as EventSourceMessage | undefined;
    if (!message) return { raw, type: undefined, data: '' };
    return { raw, type: message.event ?? 'message', data: message.data };
  }

  #take(): Uint8Array {
    const [only = new Uint8Array()] = this.#pieces;
    const raw = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : only;
    this.#pieces = [];
    this.#pendingBytes = 0;
    return raw;
  }
}

/** Line ends become line feeds: a CR at the end would leave the parser waiting for its LF. */
function textOf(raw: Uint8Array): string {
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString();
  return text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
}

/**
 * Parses a stream of bytes. A chunk that completes no event gives an empty list, as a sign of life.
 * @param toError converts an error of `bytes`, which is thrown after the unfinished rest
 */
export async function* parseEvents(
  bytes: AsyncIterable<Uint8Array>,
  toError: (error: unknown) => unknown = (error) => error,
): AsyncGenerator<readonly SseEvent[]> {
  const parser = new SseParser();
  try {
    for await (const chunk of bytes) yield parser.push(chunk);
  } catch (error) {
    yield parser.rest();
    throw toError(error);
  }
  yield parser.rest();
}

/** Whether an event's bytes break off, so that whatever follows would be read as part of it. */
export function isUnfinished({ raw }: SseEvent): boolean {
  const last = raw.at(-1);
  return last !== undefined && last !== LF && last !== CR;
}

/** @returns an event with bytes of its own */
export function createEvent(type: string, data: string): SseEvent {
  return { raw: Buffer.from(`event: ${type}\ndata: ${data}\n\n`), type, data };
}

/** @returns the bytes of events, in order */
export function bytesOf(events: readonly SseEvent[]): Uint8Array {
  const [only] = events;
  return events.length === 1 && only ? only.raw : Buffer.concat(events.map(({ raw }) => raw));
}

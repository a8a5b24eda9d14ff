/**
 * The only parser of server-sent events in the service: it keeps each event together with its original
 * bytes, so that telemetry, redaction and pseudonyms share the parsed event and the bytes can pass unchanged.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { HeldBytes } from './held-bytes.ts';

/** One block of a stream, up to and including the blank lines that end it. */
export interface SseEvent {
  /** Its bytes, exactly as they came. */
  readonly raw: Uint8Array;
  /** The event's name, `message` where it has none; undefined for a block without data, a comment say. */
  readonly type: string | undefined;
  /** The event's data, its lines joined by line feeds; '' without any. */
  readonly data: string;
}

/** Events as they become complete: a list for each network chunk, often of one event. */
export type EventStream = AsyncIterable<readonly SseEvent[]>;

/** No event of the API comes near it: a longer one is refused, so that nobody can fill the memory. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/** An event, or a result in a list, is longer than 8 MiB; the message says so to the caller. */
export class EventTooLargeError extends Error {
  constructor(message = 'an event of the stream exceeds 8 MiB') {
    super(message);
    this.name = 'EventTooLargeError';
  }
}

/**
 * Cuts a stream of bytes into events. Every byte of them comes out again, once and in order; an event that
 * never ends does not, because clients must ignore it, and what follows half a line would be read as its end.
 */
export class SseParser {
  readonly #parser = createParser({
    onEvent: (message) => {
      this.#message = message;
    },
  });
  #message: EventSourceMessage | undefined;
  /** The bytes of the event that has not ended yet. */
  readonly #pending = new HeldBytes();
  #atLineStart = true;
  #afterCr = false;

  /**
   * @returns the events that this chunk completes
   * @throws {EventTooLargeError}
   */
  push(chunk: Uint8Array): readonly SseEvent[] {
    const events: SseEvent[] = [];
    let from = 0;
    for (
      let to = this.#endOfEvent(chunk, 0);
      to !== undefined;
      to = this.#endOfEvent(chunk, from)
    ) {
      // More blank lines belong to the same block: a megabyte of them must not become a million blocks.
      while (chunk[to] === LF || chunk[to] === CR) to += 1;
      this.#afterCr = chunk[to - 1] === CR;
      events.push(this.#complete(chunk.subarray(from, to)));
      from = to;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    return events;
  }

  /** @returns the index behind the blank line that ends the current event */
  #endOfEvent(chunk: Uint8Array, from: number): number | undefined {
    for (let i = from; i < chunk.length; i++) {
      const lineEnd = endOfLine(chunk, i);
      if (lineEnd > i) {
        this.#atLineStart = false;
        this.#afterCr = false;
        i = lineEnd;
        if (i === chunk.length) return undefined;
      }
      const byte = chunk[i];
      const endsCrLf = byte === LF && this.#afterCr;
      this.#afterCr = byte === CR;
      if (endsCrLf) {
        // The CR has ended an event already, which waits for nothing: its LF passes as a block of its own.
        if (i === 0 && this.#pending.length === 0) return 1;
        continue;
      }
      if (!this.#atLineStart) {
        this.#atLineStart = true;
        continue;
      }
      if (byte === LF || chunk[i + 1] !== LF) return i + 1;
      this.#afterCr = false;
      return i + 2;
    }
    return undefined;
  }

  #complete(last: Uint8Array): SseEvent {
    if (last.length > MAX_EVENT_BYTES) throw new EventTooLargeError();
    if (this.#pending.length === 0) return this.#read(last, linesOf(last));
    this.#hold(last);
    const raw = this.#pending.take();
    return this.#read(raw, linesOf(raw));
  }

  #read(raw: Uint8Array, text: string): SseEvent {
    this.#message = undefined;
    this.#parser.feed(text);
    const message = this.#message as EventSourceMessage | undefined;
    if (!message) return { raw, type: undefined, data: '' };
    return { raw, type: message.event ?? 'message', data: message.data };
  }

  #hold(piece: Uint8Array): void {
    if (this.#pending.length + piece.length > MAX_EVENT_BYTES) throw new EventTooLargeError();
    this.#pending.hold(piece);
  }
}

/** @returns the index of the next byte that ends a line, or the end of the chunk */
function endOfLine(chunk: Uint8Array, from: number): number {
  let i = from;
  while (i < chunk.length && chunk[i] !== LF && chunk[i] !== CR) i += 1;
  return i;
}

/** Line ends become line feeds: a CR at the end would leave the parser waiting for its LF. */
function linesOf(raw: Uint8Array): string {
  const text = textOf(raw);
  return text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
}

/** @returns bytes as text. Most are a Buffer already, and to make another takes longer than to read it. */
export function textOf(bytes: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = bytes;
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(buffer, byteOffset, byteLength)).toString();
}

/**
 * Parses a stream of bytes. A chunk that completes no event gives an empty list, as a sign of life.
 * @param toError converts an error of `bytes`
 */
export function parseEvents(
  bytes: AsyncIterable<Uint8Array>,
  toError: (error: unknown) => unknown = (error) => error,
): AsyncIterableIterator<readonly SseEvent[]> {
  return new ParsedEvents(bytes[Symbol.asyncIterator](), toError);
}

type Parsed = IteratorResult<readonly SseEvent[], undefined>;
const END: Parsed = { done: true, value: undefined };

/** An async generator would do the same, for thrice the promises: every chunk of every stream passes here. */
class ParsedEvents implements AsyncIterableIterator<readonly SseEvent[]> {
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #toError: (error: unknown) => unknown;
  readonly #parser = new SseParser();
  #isOver = false;

  constructor(bytes: AsyncIterator<Uint8Array>, toError: (error: unknown) => unknown) {
    this.#bytes = bytes;
    this.#toError = toError;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Parsed> {
    if (this.#isOver) return END;
    try {
      const { done, value } = await this.#bytes.next();
      if (!done) return { done: false, value: this.#parser.push(value) };
    } catch (error) {
      await this.return().catch(() => {});
      throw this.#toError(error);
    }
    this.#isOver = true;
    return END;
  }

  async return(): Promise<Parsed> {
    if (this.#isOver) return END;
    this.#isOver = true;
    await this.#bytes.return?.();
    return END;
  }
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

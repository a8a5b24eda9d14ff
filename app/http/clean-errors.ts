/**
 * Lets a stream of events by, byte for byte, but for its `error` events: those quote what proxies were sent,
 * our key included, and are redacted. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { redactError } from '../errors.ts';

/** What an event of that kind begins with. Upstreams write the space; the format does not ask for it. */
const ERROR = /^event: ?error[\r\n]/;
const BLANK_LINE = /\r\n\r\n|\n\n|\r\r/g;
const ENDS_EVENT = /(?:\r\n\r\n|\n\n|\r\r)$/;

export interface ErrorCleaner {
  /** @returns what may go out now */
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back when the stream ended. */
  rest(): Uint8Array;
}

/**
 * Only what may be the beginning of an `error` event is held back: a few bytes, as events of content differ
 * from it at the seventh.
 */
export function createErrorCleaner(): ErrorCleaner {
  /** The last of what went out: a blank line may be cut in two. */
  let sent = Buffer.alloc(0);
  let held = Buffer.alloc(0);
  /** Whether what comes next begins an event. */
  let atStart = true;
  return {
    push(chunk) {
      if (chunk.length === 0) return chunk;
      const bytes = Buffer.concat([sent, held, chunk]);
      const { out, rest } = clean(bytes, atStart, sent.length);
      held = Buffer.from(rest);
      atStart = rest.length > 0 || ENDS_EVENT.test(latin1(bytes.subarray(-4)));
      sent = Buffer.from(atStart ? [] : bytes.subarray(-3));
      return out;
    },
    rest: () => (ERROR.test(latin1(held)) ? redactEvent(held) : held),
  };
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

/** Whether a text may go on to an `error` event, or is one. */
function mayBeError(text: string): boolean {
  const begins = ['event: error', 'event:error'].some((wanted) => wanted.startsWith(text));
  return begins || ERROR.test(text);
}

/**
 * Goes through the events of `bytes`; the last may not have ended.
 * @param atStart whether an event begins with it
 * @param skip bytes at its beginning that went out before
 */
function clean(bytes: Buffer, atStart: boolean, skip: number): { out: Buffer; rest: Buffer } {
  const text = latin1(bytes);
  const out: Buffer[] = [];
  let from = 0;
  let whole = atStart;
  for (const { index, 0: blank } of text.matchAll(BLANK_LINE)) {
    const to = index + blank.length;
    const event = bytes.subarray(from, to);
    out.push(whole && ERROR.test(text.slice(from, to)) ? redactEvent(event) : event);
    from = to;
    whole = true;
  }
  const last = bytes.subarray(from);
  const isHeld = whole && last.length > 0 && mayBeError(text.slice(from));
  if (!isHeld) out.push(last);
  return { out: Buffer.concat(out).subarray(skip), rest: isHeld ? last : Buffer.alloc(0) };
}

function redactEvent(event: Buffer): Buffer {
  const text = event.toString();
  const clean = text.replace(/^(data: ?)(.*)$/gm, (_, field, data) => field + redactError(data));
  return clean === text ? event : Buffer.from(clean);
}

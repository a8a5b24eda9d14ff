/**
 * Watches a stream of server-sent events go by: every byte goes on as it came, and what it said is
 * told to the call. Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { AppError } from '../errors.ts';
import type { CallRecord, Outcome, Usage } from '../telemetry/recorder.ts';
import { outcomeOfErrorType, readErrorType, readMessage, readUsage } from './messages.ts';

/** An event longer than this is passed on, but no longer read. */
const MAX_EVENT_CHARS = 8 * 1024 * 1024;

interface Watched {
  outcome: Outcome | undefined;
  usage: Usage | undefined;
}

export interface WatchOptions {
  readonly call: CallRecord;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Turns an error of the source into one of ours. */
  readonly toError: (error: unknown) => unknown;
  /**
   * Called once, however the stream ended. Without an outcome it was not the stream that said so:
   * it broke with `error`, or, without one, the reader stopped reading.
   */
  readonly onEnd: (outcome: Outcome | undefined, error: unknown) => void;
}

/**
 * Passes `source` on, unchanged. The call's usage, first token and answer are recorded on the way.
 * @throws {AppError} truncated, when the upstream closed before `message_stop`; else what `toError`
 *   makes of the source's error
 */
export async function* watchStream(
  source: AsyncIterable<Uint8Array>,
  { call, now, toError, onEnd }: WatchOptions,
): AsyncGenerator<Uint8Array> {
  const seen: Watched = { outcome: undefined, usage: undefined };
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: (event) => readEvent(event, seen, call),
    maxBufferSize: MAX_EVENT_CHARS,
  });
  let failure: unknown;
  let finished = false;
  try {
    for await (const chunk of timed(source, call, now)) {
      feed(parser, decoder.decode(chunk, { stream: true }));
      yield chunk;
    }
    finished = true;
    if (!seen.outcome) throw new AppError('truncated', 'the upstream closed before message_stop');
  } catch (error) {
    failure = finished ? error : toError(error);
    throw failure;
  } finally {
    if (seen.usage) call.usage(seen.usage);
    onEnd(seen.outcome ?? (finished ? 'truncated' : undefined), failure);
  }
}

/** Time spent in `next()` is the upstream's; time between two of them is the reader's and ours. */
async function* timed(
  source: AsyncIterable<Uint8Array>,
  call: CallRecord,
  now: () => number,
): AsyncGenerator<Uint8Array> {
  let askedMs = now();
  for await (const chunk of source) {
    call.waited(now() - askedMs);
    yield chunk;
    askedMs = now();
  }
  call.waited(now() - askedMs);
}

/** A stream that we cannot read is still the caller's: what fails here is the watching alone. */
function feed(parser: { feed(text: string): void }, text: string): void {
  try {
    parser.feed(text);
  } catch {
    // The parser gave up on an oversized event; `message_stop` will be missing, and that is said.
  }
}

function readEvent({ event, data }: EventSourceMessage, seen: Watched, call: CallRecord): void {
  if (event === 'content_block_delta') {
    call.chunk();
  } else if (event === 'message_start') {
    const { usage, ...facts } = readMessage(parse(data)?.['message']);
    seen.usage = usage;
    call.answer(facts);
  } else if (event === 'message_delta') {
    const body = parse(data);
    seen.usage = readUsage(body?.['usage'], seen.usage);
    const { stopReason } = readMessage(body?.['delta']);
    if (stopReason !== undefined) call.answer({ stopReason });
  } else if (event === 'message_stop') {
    seen.outcome ??= 'success';
  } else if (event === 'error') {
    seen.outcome ??= outcomeOfErrorType(readErrorType(parse(data)));
  }
}

function parse(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Watches a stream of server-sent events go by: what it says is told to the call, no byte is changed.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { CallRecord, Outcome, Usage } from '../telemetry/recorder.ts';
import {
  outcomeOfErrorType,
  parseObject,
  readErrorType,
  readMessage,
  readUsage,
} from './messages.ts';

/** An event longer than this is passed on, but no longer read. */
const MAX_EVENT_CHARS = 8 * 1024 * 1024;
/** Events that come before content; any other means that the answer has begun. */
const BEFORE_CONTENT: ReadonlySet<string | undefined> = new Set([
  'message_start',
  'ping',
  'content_block_start',
]);

/** What a stream has said so far. */
export interface StreamFacts {
  /** Any event has come, so the upstream is at work. */
  heard: boolean;
  /** What came first besides the prologue. */
  beginning: 'content' | 'error' | undefined;
  /** The `data` of its `error` event, JSON text. */
  errorBody: string;
  /** How it said that it ended: `message_stop`, or an `error` event. */
  outcome: Outcome | undefined;
  /** Cumulative; undefined until the first report. */
  usage: Usage | undefined;
}

/** What of the call a stream is told to. */
type Heard = Pick<CallRecord, 'chunk' | 'answer' | 'listens' | 'said'>;

export interface StreamWatch {
  /** Reads a chunk. Never throws: a stream that we cannot read is still the caller's. */
  feed(chunk: Uint8Array): void;
  readonly facts: Readonly<StreamFacts>;
}

/** @param call is told of content and of the answer's ID, model and stop reason */
export function watchStream(call: Heard): StreamWatch {
  const facts: StreamFacts = {
    heard: false,
    beginning: undefined,
    errorBody: '',
    outcome: undefined,
    usage: undefined,
  };
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: (event) => readEvent(event, facts, call),
    maxBufferSize: MAX_EVENT_CHARS,
  });
  return {
    facts,
    feed(chunk) {
      try {
        parser.feed(decoder.decode(chunk, { stream: true }));
      } catch {
        // It gave up on an oversized event; `message_stop` will be missing, and that is said.
      }
    },
  };
}

function readEvent({ event, data }: EventSourceMessage, facts: StreamFacts, call: Heard): void {
  facts.heard = true;
  if (event === 'error') {
    facts.beginning ??= 'error';
    facts.errorBody = data;
    facts.outcome ??= outcomeOfErrorType(readErrorType(parseObject(data)));
    return;
  }
  if (!BEFORE_CONTENT.has(event)) facts.beginning ??= 'content';
  if (event === 'content_block_delta') {
    call.chunk();
    if (call.listens) call.said(textOf(parseObject(data)?.['delta']));
  } else if (event === 'message_start') {
    const { usage, ...said } = readMessage(parseObject(data)?.['message']);
    facts.usage = usage;
    call.answer(said);
  } else if (event === 'message_delta') {
    const body = parseObject(data);
    facts.usage = readUsage(body?.['usage'], facts.usage);
    const { stopReason } = readMessage(body?.['delta']);
    if (stopReason !== undefined) call.answer({ stopReason });
  } else if (event === 'message_stop') {
    facts.outcome ??= 'success';
  }
}

function textOf(delta: unknown): string {
  const text = (delta as { text?: unknown } | undefined)?.text;
  return typeof text === 'string' ? text : '';
}

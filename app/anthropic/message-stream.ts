/**
 * Reads what a stream of the Messages API says about its message, event by event.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
import { type ApiError, readApiError } from './account-errors.ts';
import { estimatedTokens, generatedLength, omittedThinking } from './generated-text.ts';
import { type MessageFacts, parseObject, readMessage } from './messages.ts';
import type { SseEvent } from './sse.ts';
import type { UsageReport } from './usage.ts';
import { MAX_TOKENS } from './usage-fields.ts';
import { UsageReader } from './usage-reader.ts';

/** Events that come before content; any other means that the content has begun. */
const BEFORE_CONTENT: ReadonlySet<string> = new Set([
  'message_start',
  'ping',
  'content_block_start',
]);

/** Blocks whose content is written token by token; any other is thought, or comes whole from somewhere else. */
const WRITTEN_BLOCKS: ReadonlySet<unknown> = new Set([
  'text',
  'tool_use',
  'server_tool_use',
  'mcp_tool_use',
]);
const THINKING_BLOCKS: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);

/** Receives what the stream says while it passes. */
export interface MessageObserver {
  /**
   * A piece of content has arrived.
   * @param written its characters of text or tool input; thinking has none
   * @param run the number of other things that were done before it, such as thinking or running a tool
   */
  recordChunk(written: number, run: number): void;
  /** A piece of content that its reader can see has arrived, for the first time. */
  recordFirstText(): void;
  /** Whether `recordOutput` wants the text of each piece. */
  readonly capturesContent: boolean;
  recordOutput(text: string): void;
  setResponse(facts: MessageFacts): void;
}

/** What one stream has said so far. */
export class MessageStream {
  readonly #observer: MessageObserver;
  /** Some event has arrived, so the upstream is working. */
  started = false;
  /** What came first: content, or an error before any. */
  beginning: 'content' | 'error' | undefined;
  /** How the stream said that it ended; undefined until then. */
  ending: { readonly error: ApiError | undefined } | undefined;
  /** The `data` of its `error` event, JSON text. */
  errorBody = '';
  /** The block of content that arrives may hold the first that a reader sees. */
  #awaitsText = false;
  #hasText = false;
  /** Whether the block that arrives is one of writing, and how many others there have been. */
  #isWriting = false;
  #run = 0;
  #hasThought = false;
  readonly #usage = new UsageReader();
  #model: string | undefined;
  #stopReason: string | undefined;
  /** Whether the model has written or thought anything, even where the stream tells only how many tokens it thought. */
  #hasWritten = false;
  /** Whether the output up to now has been counted by a report. */
  #isCounted = false;
  /** Characters of content that no report has counted yet. */
  #unreported = 0;
  /** Tokens of thinking that was not sent, of which the same holds. */
  #omitted = 0;
  /** Output tokens of the start, which are a part of the content that follows. */
  #placeholder = 0;

  constructor(observer: MessageObserver) {
    this.#observer = observer;
  }

  /** Reads one event. What cannot be read is left to the caller, who gets its bytes all the same. */
  read({ type, data }: SseEvent): void {
    // Nothing that follows the end belongs to the message.
    if (type === undefined || this.ending) return;
    this.started = true;
    if (type !== 'error' && !BEFORE_CONTENT.has(type)) this.beginning ??= 'content';
    if (type === 'error') this.#readError(data);
    else if (type === 'content_block_delta') this.#readDelta(data);
    else if (type === 'content_block_start') this.#readBlock(data);
    else if (type === 'message_start') this.#readStart(data);
    else if (type === 'message_delta') this.#readMessageDelta(data);
    else if (type === 'message_stop') this.ending ??= { error: undefined };
  }

  #readError(data: string): void {
    this.beginning ??= 'error';
    this.errorBody = data;
    this.ending ??= { error: readApiError(parseObject(data) ?? {}) };
  }

  /** Thinking, and what the API runs by itself, is not for the reader; the input of a tool is. */
  #readBlock(data: string): void {
    const block = parseObject(data)?.['content_block'] as { type?: unknown } | undefined;
    const type = block?.type;
    this.#awaitsText = !this.#hasText && (type === 'text' || type === 'tool_use');
    this.#isWriting = WRITTEN_BLOCKS.has(type);
    if (!this.#isWriting) this.#run += 1;
    if (THINKING_BLOCKS.has(type)) this.#hasThought = true;
  }

  /**
   * Output tokens of its text and its tool inputs: as reported, without those of thinking. Undefined until they were
   * reported for all of its content, and where it has thought and nothing says how much.
   */
  get writtenTokens(): number | undefined {
    const { outputTokens, thinkingTokens } = this.#usage;
    if (!this.#isCounted || outputTokens === undefined) return undefined;
    if (this.#hasThought && thinkingTokens === 0) return undefined;
    return Math.max(0, outputTokens - thinkingTokens);
  }

  /**
   * What it used: as reported, and by an estimate what it has produced since the last report. Call it once, when
   * the stream has ended.
   * @param askedModel counts where the stream names no model
   */
  usageReport(askedModel: string): UsageReport {
    const estimate = estimatedTokens(this.#unreported) + this.#omitted - this.#placeholder;
    return this.#usage.report({
      model: this.#model ?? askedModel,
      stopReason: this.#stopReason,
      estimatedOutputTokens: Math.min(Math.max(0, estimate), MAX_TOKENS),
    });
  }

  #readDelta(data: string): void {
    this.#observer.recordChunk(this.#countOutput(data), this.#run);
    if (this.#awaitsText) this.#findText(data);
    if (!this.#observer.capturesContent) return;
    const text = (parseObject(data)?.['delta'] as { text?: unknown } | undefined)?.text;
    if (typeof text === 'string') this.#observer.recordOutput(text);
  }

  /** @returns the characters that were written */
  #countOutput(data: string): number {
    const length = generatedLength(data);
    const omitted = length === 0 ? omittedThinking(data) : 0;
    this.#unreported += length;
    this.#omitted += omitted;
    if (length + omitted > 0) {
      this.#hasWritten = true;
      this.#isCounted = false;
    }
    return this.#isWriting ? length : 0;
  }

  /** Parses only the deltas of a visible block, and none after the first with text: mostly a single one. */
  #findText(data: string): void {
    const delta = parseObject(data)?.['delta'] as { text?: unknown; type?: unknown } | undefined;
    const hasText = typeof delta?.text === 'string' && delta.text !== '';
    if (!hasText && delta?.type !== 'input_json_delta') return;
    this.#hasText = true;
    this.#awaitsText = false;
    this.#observer.recordFirstText();
  }

  #readStart(data: string): void {
    const message = parseObject(data)?.['message'] as { usage?: unknown } | undefined;
    const facts = readMessage(message);
    this.#usage.read(message?.usage);
    this.#placeholder = this.#usage.outputTokens ?? 0;
    this.#model = facts.model;
    this.#observer.setResponse(facts);
  }

  #readMessageDelta(data: string): void {
    const body = parseObject(data);
    if (this.#usage.read(body?.['usage'], this.#hasWritten)) {
      this.#unreported = 0;
      this.#omitted = 0;
      this.#placeholder = 0;
      this.#isCounted = true;
    }
    const facts = readMessage(body?.['delta']);
    if (facts.stopReason === undefined) return;
    this.#stopReason = facts.stopReason;
    this.#observer.setResponse(facts);
  }
}

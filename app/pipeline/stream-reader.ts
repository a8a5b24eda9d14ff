/** Reads one stream for `readResponse`: up to its first content, then as its reader asks for more. */
import { codeOf } from '../anthropic/account-errors.ts';
import { statusOfErrorType } from '../anthropic/errors.ts';
import { MessageStream } from '../anthropic/message-stream.ts';
import type { EventStream, SseEvent } from '../anthropic/sse.ts';
import { AppError, outcomeOfError } from '../errors.ts';
import { type Outcome, outcomeOfErrorEvent } from '../outcome.ts';
import type { LinkedAbort } from '../time/linked-abort.ts';
import type { Stopwatch } from '../time/stopwatch.ts';
import { recordUsage } from './record-usage.ts';
import type { PipelineRequest } from './stage.ts';
import { StreamPulse } from './stream-pulse.ts';

/** A stream with more before its content than this is passed on as it is. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** A caller gets a sign of life this long after the first byte, whether content has come or not. */
const MAX_BUFFERED_MS = 15_000;
/** How long the upstream may take to end its response once its message is complete. */
const END_MS = 1_000;

type Beginning = MessageStream['beginning'];

export class StreamReader {
  readonly #source: AsyncIterator<readonly SseEvent[]>;
  readonly #request: PipelineRequest;
  readonly #limit: LinkedAbort;
  readonly #message: MessageStream;
  readonly #pulse: StreamPulse;
  #buffered: (readonly SseEvent[])[] = [];
  /** The reading up to the first content. It goes on for one chunk when the time is up. */
  #reading: Promise<Beginning> | undefined;
  #timeIsUp = false;
  readonly #ended = Promise.withResolvers<Outcome>();
  #hasEnded = false;

  /**
   * @param limit owned by the reader, which disposes of it when the stream has ended
   * @param silenceMs how long the upstream may send no event once it has sent one
   */
  constructor(
    events: EventStream,
    request: PipelineRequest,
    limit: LinkedAbort,
    silenceMs: number,
  ) {
    this.#source = events[Symbol.asyncIterator]();
    this.#request = request;
    this.#limit = limit;
    this.#message = new MessageStream(request.call);
    const silent = `no event from the upstream for ${silenceMs} ms`;
    const onSilence = () => limit.abort(new AppError('timeout', silent, { retryable: true }));
    this.#pulse = new StreamPulse(request.state.now, { silenceMs, onSilence });
  }

  /** How the stream ended; never rejects, and resolves only if `replay` was called. */
  get outcome(): Promise<Outcome> {
    return this.#ended.promise;
  }

  /** The `data` of an `error` event that came before any content. */
  get errorBody(): string {
    return this.#message.errorBody;
  }

  /**
   * Reads up to the first content, for a limited time. The source is closed unless there is some.
   * @returns undefined when the stream ended before any content
   */
  async buffer(): Promise<Beginning> {
    const { promise: timeIsUp, resolve } = Promise.withResolvers<'content'>();
    let timer: NodeJS.Timeout | undefined;
    const onFirstByte = () => {
      timer = setTimeout(() => {
        this.#timeIsUp = true;
        resolve('content');
      }, MAX_BUFFERED_MS);
    };
    let beginning: Beginning;
    try {
      this.#reading = this.#readBeginning(onFirstByte);
      beginning = await Promise.race([this.#reading, timeIsUp]);
      return beginning;
    } finally {
      clearTimeout(timer);
      if (beginning !== 'content') {
        this.#recordUsage();
        this.#limit[Symbol.dispose]();
        this.#pulse[Symbol.dispose]();
        await this.#source.return?.();
      }
    }
  }

  /** What was buffered, then the rest as it comes; whoever stops reading stops the upstream. */
  replay(): EventStream {
    // The consumer may never start reading, or may be stalled, so an abort ends the stream here.
    const onAbort = () => {
      this.#end(outcomeOfError(this.#limit.signal.reason));
      this.#source.return?.().catch(() => {});
    };
    this.#limit.signal.addEventListener('abort', onAbort, { once: true });
    return this.#events();
  }

  async #readBeginning(onFirstByte: () => void): Promise<Beginning> {
    let bytes = 0;
    for (let isFirst = true; !this.#message.beginning; isFirst = false) {
      if (this.#timeIsUp || bytes > MAX_BUFFERED_BYTES) return 'content';
      const { done, value } = await this.#next();
      if (done) return undefined;
      if (value.length > 0) this.#buffered.push(value);
      for (const { raw } of value) bytes += raw.length;
      if (this.#message.started) this.#limit.clearTimer();
      if (isFirst && !this.#message.beginning) onFirstByte();
    }
    return this.#message.beginning;
  }

  async *#events(): AsyncGenerator<readonly SseEvent[]> {
    // The stream ends because its reader stopped reading, unless it says otherwise or breaks.
    let otherwise: Outcome = 'client_cancelled';
    const { upstreamWait } = this.#request.state;
    try {
      yield* this.#takeBuffered();
      upstreamWait.start();
      if (this.#timeIsUp) await this.#reading;
      upstreamWait.stop();
      yield* this.#takeBuffered();
      // A message that has ended is whole, whatever becomes of the connection.
      while (!this.#message.ending) {
        const { done, value } = await this.#next(upstreamWait);
        if (done) break;
        if (value.length > 0) yield value;
      }
      if (!this.#message.ending) {
        this.#limit.signal.throwIfAborted();
        throw new AppError('truncated', 'the stream ended before message_stop');
      }
    } catch (error) {
      otherwise = outcomeOfError(error);
      throw error;
    } finally {
      upstreamWait.stop();
      this.#limit[Symbol.dispose]();
      this.#end(otherwise);
      if (this.#message.ending) void this.#awaitEnd();
      else await this.#source.return?.();
    }
  }

  #takeBuffered(): readonly (readonly SseEvent[])[] {
    const taken = this.#buffered;
    this.#buffered = [];
    return taken;
  }

  /** Reads what follows the message, so that the connection can be used again; never rejects. */
  async #awaitEnd(): Promise<void> {
    const giveUp = () => this.#limit.abort(new AppError('timeout', 'the stream did not end'));
    const timer = setTimeout(giveUp, END_MS);
    try {
      while (!(await this.#source.next()).done);
    } catch {
      // The message was whole already.
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Reads what comes next, before it is passed on.
   * @param wait runs until it arrives, where that time is the upstream's and not ours
   */
  async #next(wait?: Stopwatch): Promise<IteratorResult<readonly SseEvent[]>> {
    const { now } = this.#request.state;
    // Looking at the clock takes as long as much else here, so both are told the time.
    const askedAtMs = now();
    this.#pulse.wait(askedAtMs);
    wait?.start(askedAtMs);
    const result = await this.#source.next();
    const nowMs = now();
    wait?.stop(nowMs);
    if (result.done) return result;
    this.#pulse.arrived(countEvents(result.value), nowMs);
    if (!this.#message.started) this.#recordFirstEvent();
    for (const event of result.value) this.#message.read(event);
    if (this.#message.beginning === 'content') this.#request.state.hasContent = true;
    return result;
  }

  #recordFirstEvent(): void {
    const { firstEventAtMs } = this.#pulse;
    if (firstEventAtMs !== undefined) this.#request.call.recordFirstEvent(firstEventAtMs);
  }

  /** Only the first end counts; what the stream itself said takes precedence. */
  #end(otherwise: Outcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#recordUsage();
    this.#pulse[Symbol.dispose]();
    this.#request.state.writtenTokens = this.#message.writtenTokens;
    this.#request.state.longestGapMs = this.#pulse.longestGapMs;
    const { ending } = this.#message;
    if (!ending) this.#ended.resolve(otherwise);
    else if (!ending.error) this.#ended.resolve('success');
    else {
      const { error } = ending;
      const code = codeOf(error, statusOfErrorType(error.type), this.#request);
      this.#request.attempt?.setErrorCode(code);
      this.#ended.resolve(outcomeOfErrorEvent(error, this.#request));
    }
  }

  #recordUsage(): void {
    recordUsage(this.#request, this.#message.usageReport(this.#request.model));
  }
}

/** A comment is no event. */
function countEvents(blocks: readonly SseEvent[]): number {
  let events = 0;
  for (const { type } of blocks) if (type !== undefined) events += 1;
  return events;
}

/** Reads one stream for `readResponse`: up to its first content, then as its reader asks for more. */
import { MessageStream } from '../anthropic/message-stream.ts';
import type { EventStream, SseEvent } from '../anthropic/sse.ts';
import { AppError, outcomeOfError } from '../errors.ts';
import { type Outcome, outcomeOfErrorEvent } from '../outcome.ts';
import type { Clock } from '../time/clock.ts';
import type { LinkedAbort } from '../time/linked-abort.ts';
import type { PipelineRequest } from './stage.ts';

/** A stream with more before its content than this is passed on as it is. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/**
 * Pings without content would keep a caller waiting until the deadline, without a sign of life. The limit
 * is looked at as chunks arrive, and an event is passed on once it is complete.
 */
const MAX_BUFFERED_MS = 15_000;

export class StreamReader {
  readonly #source: AsyncIterator<readonly SseEvent[]>;
  readonly #request: PipelineRequest;
  readonly #limit: LinkedAbort;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #message: MessageStream;
  readonly #buffered: (readonly SseEvent[])[] = [];
  readonly #ended = Promise.withResolvers<Outcome>();
  #hasEnded = false;

  /** @param limit owned by the reader, which disposes of it when the stream has ended */
  constructor(
    events: EventStream,
    request: PipelineRequest,
    limit: LinkedAbort,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#source = events[Symbol.asyncIterator]();
    this.#request = request;
    this.#limit = limit;
    this.#clock = clock;
    this.#message = new MessageStream(request.call);
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
   * Reads up to the first content. The source is closed unless there is some.
   * @returns undefined when the stream ended before any content
   */
  async buffer(): Promise<'content' | 'error' | undefined> {
    let beginning: 'content' | 'error' | undefined;
    try {
      beginning = await this.#readBeginning();
      return beginning;
    } finally {
      if (beginning !== 'content') {
        this.#recordUsage();
        this.#limit[Symbol.dispose]();
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

  async #readBeginning(): Promise<'content' | 'error' | undefined> {
    const untilMs = this.#clock.now() + MAX_BUFFERED_MS;
    let bytes = 0;
    while (!this.#message.beginning) {
      if (bytes > MAX_BUFFERED_BYTES || this.#clock.now() > untilMs) return 'content';
      const { done, value } = await this.#source.next();
      if (done) return undefined;
      this.#read(value);
      if (value.length > 0) this.#buffered.push(value);
      for (const { raw } of value) bytes += raw.length;
      if (this.#message.started) this.#limit.clearTimer();
    }
    return this.#message.beginning;
  }

  async *#events(): AsyncGenerator<readonly SseEvent[]> {
    // The stream ends because its reader stopped reading, unless it says otherwise or breaks.
    let otherwise: Outcome = 'client_cancelled';
    try {
      yield* this.#buffered;
      for (;;) {
        const { done, value } = await this.#nextEvents();
        if (done) break;
        this.#read(value);
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
      this.#limit[Symbol.dispose]();
      this.#end(otherwise);
      await this.#source.return?.();
    }
  }

  /** The time until the next events arrive is the upstream's, not ours. */
  async #nextEvents(): Promise<IteratorResult<readonly SseEvent[]>> {
    const { upstreamWait } = this.#request.state;
    upstreamWait.start();
    try {
      return await this.#source.next();
    } finally {
      upstreamWait.stop();
    }
  }

  #read(events: readonly SseEvent[]): void {
    for (const event of events) this.#message.read(event);
  }

  /** Only the first end counts; what the stream itself said takes precedence. */
  #end(otherwise: Outcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#recordUsage();
    const { ending } = this.#message;
    if (!ending) this.#ended.resolve(otherwise);
    else if (!ending.error) this.#ended.resolve('success');
    else this.#ended.resolve(outcomeOfErrorEvent(ending.error, this.#request));
  }

  #recordUsage(): void {
    if (this.#message.usage) this.#request.state.addUsage(this.#message.usage);
  }
}

/** Reads a list of JSON lines for `readResponse`: up to its first result, then as its reader asks for more. */
import type { EventStream, SseEvent } from '../anthropic/sse.ts';
import { AppError, outcomeOfError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import type { LinkedAbort } from '../time/linked-abort.ts';
import type { CallState } from './call-state.ts';
import type { PipelineRequest } from './stage.ts';
import { StreamPulse } from './stream-pulse.ts';

export interface LinesOptions {
  /** How long the upstream may send no whole result once it has sent one: bytes and empty lines are none. */
  readonly silenceMs: number;
  /** Sees each block before it is passed on; it must not throw. */
  readonly read: (block: SseEvent) => void;
}

export class LinesReader {
  readonly #source: AsyncIterator<readonly SseEvent[]>;
  readonly #state: CallState;
  readonly #limit: LinkedAbort;
  readonly #read: LinesOptions['read'];
  readonly #pulse: StreamPulse;
  #first: IteratorResult<readonly SseEvent[]> | undefined;
  readonly #ended = Promise.withResolvers<Outcome>();

  /**
   * @param lines blocks, each with a result
   * @param limit owned by the reader, which disposes of it when the list has ended
   */
  constructor(
    lines: EventStream,
    { state }: PipelineRequest,
    limit: LinkedAbort,
    { silenceMs, read }: LinesOptions,
  ) {
    this.#source = lines[Symbol.asyncIterator]();
    this.#state = state;
    this.#limit = limit;
    this.#read = read;
    const silent = `no result from the upstream for ${silenceMs} ms`;
    const onSilence = () => limit.abort(new AppError('timeout', silent));
    this.#pulse = new StreamPulse(state.now, { silenceMs, onSilence });
  }

  /** How the list ended; never rejects, and resolves only if `replay` was called. */
  get outcome(): Promise<Outcome> {
    return this.#ended.promise;
  }

  /** Waits for the first result, or the end: a failure until then can still be retried, or told to the caller. */
  async begin(): Promise<void> {
    this.#first = await this.#next();
    this.#limit.clearTimer();
    this.#state.hasContent = true;
  }

  /** @returns the lines that have come, then the others as they come; a reader who stops also stops the upstream */
  replay(): EventStream {
    // The consumer may never start reading, or may be stalled, so an abort ends the list here.
    const onAbort = () => this.#end(outcomeOfError(this.#limit.signal.reason));
    this.#limit.signal.addEventListener('abort', onAbort, { once: true });
    return this.#blocks();
  }

  async *#blocks(): AsyncGenerator<readonly SseEvent[]> {
    // It ends because its reader stopped reading, unless it has an end or breaks.
    let ended: Outcome = 'client_cancelled';
    const { upstreamWait } = this.#state;
    try {
      if (this.#first?.done === false) yield this.#first.value;
      for (;;) {
        // The time until the next results arrive is the upstream's, not ours.
        upstreamWait.start();
        const { done, value } = await this.#next();
        upstreamWait.stop();
        if (done) break;
        yield value;
      }
      ended = 'success';
    } catch (error) {
      ended = outcomeOfError(error);
      throw error;
    } finally {
      upstreamWait.stop();
      this.#end(ended);
      await this.#source.return?.();
    }
  }

  async #next(): Promise<IteratorResult<readonly SseEvent[]>> {
    this.#pulse.wait();
    const result = await this.#source.next();
    if (result.done) return result;
    this.#pulse.arrived(result.value.length);
    result.value.forEach(this.#read);
    return result;
  }

  /** Only the first end counts. */
  #end(outcome: Outcome): void {
    this.#limit[Symbol.dispose]();
    this.#pulse[Symbol.dispose]();
    this.#ended.resolve(outcome);
  }
}

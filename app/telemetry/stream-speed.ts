/** How fast one stream is as its reader feels it: the metrics of speed, and the same figures for its span. */
import type { Attributes } from '@opentelemetry/api';
import type { Outcome } from '../outcome.ts';
import {
  ATTR_GEN_AI_TIME_TO_FIRST_CHUNK,
  ATTR_LONGEST_GAP_MS,
  ATTR_OUTPUT_TOKENS_PER_SECOND,
  ATTR_TIME_TO_FIRST_EVENT_MS,
  ATTR_TIME_TO_FIRST_TEXT_MS,
  ATTR_TIME_TO_FIRST_TOKEN_MS,
} from './attributes.ts';
import type { CallTotals } from './recorder.ts';
import { type RecorderDeps, roundMs } from './spans.ts';
import { WritingRate } from './writing-rate.ts';

/** Times are those of `RecorderDeps.now`. */
export class StreamSpeed {
  readonly #deps: Pick<RecorderDeps, 'instruments' | 'now'>;
  readonly #startedAtMs: number;
  /** When the call's span began, from which the GenAI conventions count. */
  readonly #callAtMs: number;
  readonly #attributes: Record<string, number> = {};
  #firstEventAtMs: number | undefined;
  #firstChunkAtMs: number | undefined;
  #lastChunkAtMs = 0;
  readonly #writing = new WritingRate();

  /** @param startedAtMs when the caller's request arrived */
  constructor(deps: Pick<RecorderDeps, 'instruments' | 'now'>, startedAtMs: number) {
    this.#deps = deps;
    this.#startedAtMs = startedAtMs;
    this.#callAtMs = deps.now();
  }

  /** Of several attempts the last one counts, because its stream is the one that is passed on. */
  startAttempt(): void {
    this.#firstEventAtMs = undefined;
  }

  /** Its stream has begun. */
  firstEvent(atMs: number): void {
    this.#firstEventAtMs = atMs;
  }

  /**
   * @param written its characters of text or tool input, in this run
   * @returns whether it is the first piece of content
   */
  chunk(model: string, genAi: Attributes, written: number, run: number): boolean {
    const { instruments, now } = this.#deps;
    const nowMs = now();
    this.#writing.add(nowMs, written, run);
    const isFirst = this.#firstChunkAtMs === undefined;
    if (isFirst) {
      this.#firstChunkAtMs = nowMs;
      this.#recordFirstEvent();
      const seconds = this.#sinceStart(nowMs, ATTR_TIME_TO_FIRST_TOKEN_MS);
      instruments.timeToFirstToken.record(seconds, { model });
      const sinceCall = (nowMs - this.#callAtMs) / 1_000;
      instruments.genAiFirstChunk.record(sinceCall, genAi);
      this.#attributes[ATTR_GEN_AI_TIME_TO_FIRST_CHUNK] = sinceCall;
    } else {
      instruments.genAiPerChunk.record((nowMs - this.#lastChunkAtMs) / 1_000, genAi);
    }
    this.#lastChunkAtMs = nowMs;
    return isFirst;
  }

  /** The first text has come with the last chunk. */
  firstText(model: string): void {
    const seconds = this.#sinceStart(this.#lastChunkAtMs, ATTR_TIME_TO_FIRST_TEXT_MS);
    this.#deps.instruments.timeToFirstText.record(seconds, { model });
  }

  /** @returns the figures for the span; call it once */
  end(outcome: Outcome, { writtenTokens, longestGapMs }: CallTotals, model: string): Attributes {
    const { instruments } = this.#deps;
    // A stream may have had no content.
    this.#recordFirstEvent();
    if (longestGapMs !== undefined) {
      instruments.longestGap.record(longestGapMs / 1_000);
      this.#attributes[ATTR_LONGEST_GAP_MS] = roundMs(longestGapMs);
    }
    const rate = outcome === 'success' ? this.#writing.perSecond(writtenTokens) : undefined;
    if (rate !== undefined) {
      instruments.outputRate.record(rate, { model });
      this.#attributes[ATTR_OUTPUT_TOKENS_PER_SECOND] = Math.round(rate * 10) / 10;
    }
    return this.#attributes;
  }

  #recordFirstEvent(): void {
    if (this.#firstEventAtMs === undefined) return;
    const seconds = this.#sinceStart(this.#firstEventAtMs, ATTR_TIME_TO_FIRST_EVENT_MS);
    this.#deps.instruments.timeToFirstEvent.record(seconds);
    this.#firstEventAtMs = undefined;
  }

  /** @returns seconds; the span gets the same in milliseconds */
  #sinceStart(atMs: number, attribute: string): number {
    const ms = Math.max(0, atMs - this.#startedAtMs);
    this.#attributes[attribute] = roundMs(ms);
    return ms / 1_000;
  }
}

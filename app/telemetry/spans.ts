/** What the spans of calls and attempts share: dependencies, and how errors and times are written. */
import {
  type Context,
  INVALID_TRACEID,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OUTCOME_TRAITS, type Outcome } from '../outcome.ts';
import { ATTR_ERROR_TYPE } from './attributes.ts';
import type { Instruments } from './instruments.ts';
import type { Logger } from './logger.ts';
import type { ModelRetirements } from './model-retirements.ts';

export interface RecorderDeps {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly logger: Logger;
  /** Names that get a `model` label of their own. */
  readonly models: readonly string[];
  /** Learns when models retire. */
  readonly retirements: ModelRetirements;
  /** Whether prompts and responses go on spans. */
  readonly captureContent: boolean;
  /** Milliseconds, monotonic: the clock of `CallInfo.receivedAtMs`. */
  readonly now: () => number;
  /** Milliseconds since the epoch: prices have days. */
  readonly wallClock: () => number;
}

/**
 * Starts a span below the one of a context. Where that one is ours and not sampled, it stands for this one too, so that
 * nothing is made for calls that are not traced.
 * @param options makes them, if they are needed
 */
export function startBelow(
  tracer: Tracer,
  name: string,
  parent: Context,
  options: () => SpanOptions,
): Span {
  const above = trace.getSpan(parent);
  if (above && isUnsampled(above)) return above;
  return tracer.startSpan(name, options(), parent);
}

/** @returns the context with the span; the context itself where that is its span, as of a call that is not traced */
export function withSpan(ctx: Context, span: Span): Context {
  return trace.getSpan(ctx) === span ? ctx : trace.setSpan(ctx, span);
}

/** The sampler asks for remote parents anew, whatever they say of themselves. */
function isUnsampled(span: Span): boolean {
  if (span.isRecording()) return false;
  const { traceFlags, isRemote, traceId } = span.spanContext();
  const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  // The API's own spans, which stand in while there is no SDK, have no trace.
  const isNone = traceId === INVALID_TRACEID;
  return isRemote !== true && !isSampled && !isNone;
}

/** Marks the span of a failed call or attempt; success and cancellation are not errors. */
export function markError(span: Span, outcome: Outcome): void {
  if (!OUTCOME_TRAITS[outcome].isError) return;
  span.setAttribute(ATTR_ERROR_TYPE, outcome);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Runs what telemetry does at an end: an error in it is logged and never breaks the call. */
export function guarded(logger: Logger, work: () => void): void {
  try {
    work();
  } catch (error) {
    logger.error({ err: error }, 'telemetry failed');
  }
}

/** Milliseconds with three decimals, for people to read. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

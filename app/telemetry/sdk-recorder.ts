/** The recorder of the running service: turns what stages tell into spans, metrics and log lines. */
import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ATTEMPT,
  ATTR_CORRELATION_ID,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_CACHE_CREATION_TOKENS,
  ATTR_GEN_AI_CACHE_READ_TOKENS,
  ATTR_GEN_AI_FINISH_REASONS,
  ATTR_GEN_AI_INPUT_TOKENS,
  ATTR_GEN_AI_OPERATION,
  ATTR_GEN_AI_OUTPUT_TOKENS,
  ATTR_GEN_AI_PROVIDER,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_TOKEN_TYPE,
  ATTR_HTTP_STATUS,
  ATTR_OUTCOME,
  ATTR_OVERHEAD_MS,
  ATTR_REQUEST_ID,
  ATTR_UPSTREAM,
  GEN_AI_PROVIDER,
} from './attributes.ts';
import { findCorrelation, markInjected } from './correlation.ts';
import type { Logger } from './logger.ts';
import { ERROR_TYPES, type Instruments } from './metrics.ts';
import type { AttemptRecord, CallInfo, CallRecord, Outcome, Recorder, Usage } from './recorder.ts';

export interface SdkRecorderDeps {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly logger: Logger;
  /** Names that get a `model` label of their own. */
  readonly models: readonly string[];
  /** Milliseconds, monotonic: the clock of `CallInfo.receivedAtMs`. */
  readonly now: () => number;
}

const MAX_ATTRIBUTE_LENGTH = 128;
const FAILED: ReadonlySet<Outcome> = new Set(ERROR_TYPES);
const NOT_AN_ERROR: ReadonlySet<Outcome> = new Set<Outcome>(['success', 'client_cancelled']);

/** What a call has gathered until it ends. */
interface CallState {
  readonly info: CallInfo;
  readonly model: string;
  readonly span: Span;
  attempts: number;
  waitedMs: number;
  lastChunkMs: number | undefined;
  usage: Usage | undefined;
  facts: Attributes;
  ended: boolean;
}

/** @returns a recorder whose methods never throw: a failure of telemetry is logged, not felt */
export function createSdkRecorder(deps: SdkRecorderDeps): Recorder {
  const allowed = new Set(deps.models);
  return {
    startCall(info) {
      const model = allowed.has(info.model) ? info.model : 'other';
      const span = deps.tracer.startSpan(spanName(info), {
        kind: SpanKind.CLIENT,
        attributes: callAttributes(info),
      });
      if (info.operation === 'chat') deps.instruments.inFlight.add(1);
      const state: CallState = {
        info,
        model,
        span,
        attempts: 0,
        waitedMs: 0,
        lastChunkMs: undefined,
        usage: undefined,
        facts: {},
        ended: false,
      };
      return safely(createCallRecord(state, deps), deps.logger);
    },
  };
}

function spanName({ operation, model }: CallInfo): string {
  return model ? `${operation} ${model.slice(0, MAX_ATTRIBUTE_LENGTH)}` : operation;
}

function callAttributes({ operation, model }: CallInfo): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION]: operation,
    [ATTR_GEN_AI_PROVIDER]: GEN_AI_PROVIDER,
    ...(model && { [ATTR_GEN_AI_REQUEST_MODEL]: model.slice(0, MAX_ATTRIBUTE_LENGTH) }),
    ...correlationAttribute(),
  };
}

function correlationAttribute(): Attributes {
  const id = findCorrelation()?.id;
  return id === undefined ? {} : { [ATTR_CORRELATION_ID]: id };
}

function createCallRecord(state: CallState, deps: SdkRecorderDeps): CallRecord {
  const { instruments, now } = deps;
  const ctx = trace.setSpan(context.active(), state.span);
  const overheadMs = () => Math.max(0, now() - state.info.receivedAtMs - state.waitedMs);
  return {
    run: (fn) => context.with(ctx, fn),
    startAttempt: (upstream) => safely(startAttempt(state, deps, ctx, upstream), deps.logger),
    retry(reason) {
      instruments.retries.add(1, { reason });
      deps.logger.warn({ reason, attempt: state.attempts }, 'retrying');
    },
    waited(ms) {
      state.waitedMs += ms;
    },
    chunk() {
      const at = now();
      const labels = genAiLabels(state);
      if (state.lastChunkMs === undefined) {
        const sinceStart = (at - state.info.receivedAtMs) / 1000;
        instruments.timeToFirstToken.record(sinceStart, { model: state.model });
        instruments.genAiFirstChunk.record(sinceStart, labels);
        state.span.addEvent('first token');
      } else {
        instruments.genAiPerChunk.record((at - state.lastChunkMs) / 1000, labels);
      }
      state.lastChunkMs = at;
    },
    usage(usage) {
      state.usage = usage;
    },
    answer({ id, model, stopReason, requestId }) {
      Object.assign(state.facts, {
        ...(id && { [ATTR_GEN_AI_RESPONSE_ID]: id }),
        ...(model && { [ATTR_GEN_AI_RESPONSE_MODEL]: model }),
        ...(stopReason && { [ATTR_GEN_AI_FINISH_REASONS]: [stopReason] }),
        ...(requestId && { [ATTR_REQUEST_ID]: requestId }),
      });
    },
    waitedMs: () => state.waitedMs,
    overheadMs,
    end(outcome) {
      if (state.ended) return;
      state.ended = true;
      endCall(state, deps, outcome, overheadMs());
    },
  };
}

function startAttempt(
  state: CallState,
  { tracer, instruments, logger, now }: SdkRecorderDeps,
  callContext: ReturnType<typeof context.active>,
  upstream: string,
): AttemptRecord {
  state.attempts += 1;
  const attempt = state.attempts;
  const attributes = { [ATTR_ATTEMPT]: attempt, [ATTR_UPSTREAM]: upstream };
  const span = tracer.startSpan('attempt', { attributes }, callContext);
  const ctx = trace.setSpan(callContext, span);
  const headers: Record<string, string> = {};
  propagation.inject(ctx, headers);
  const below = markInjected(ctx);
  const startedMs = now();
  return {
    headers,
    run: (fn) => context.with(below, fn),
    end(outcome, status) {
      instruments.attempts.add(1, { upstream, outcome });
      if (FAILED.has(outcome)) instruments.errors.add(1, { upstream, error_type: outcome });
      span.setAttribute(ATTR_OUTCOME, outcome);
      if (status > 0) span.setAttribute(ATTR_HTTP_STATUS, status);
      markError(span, outcome);
      span.end();
      if (!FAILED.has(outcome)) return;
      const duration_ms = round(now() - startedMs);
      context.with(ctx, () =>
        logger.warn({ attempt, upstream, outcome, status, duration_ms }, 'attempt failed'),
      );
    },
  };
}

function endCall(
  state: CallState,
  deps: SdkRecorderDeps,
  outcome: Outcome,
  overheadMs: number,
): void {
  const { instruments, logger, now } = deps;
  const { info, model, span } = state;
  const durationMs = now() - info.receivedAtMs;
  const stream = String(info.stream);
  const labels = { operation: info.operation, model, stream, outcome };
  instruments.requests.add(1, labels);
  instruments.duration.record(durationMs / 1000, labels);
  instruments.overhead.record(overheadMs / 1000, { operation: info.operation, stream });
  if (info.operation === 'chat') endChat(state, instruments, outcome, durationMs);
  span.setAttributes({ ...state.facts, ...usageAttributes(state.usage) });
  span.setAttributes({ [ATTR_OUTCOME]: outcome, [ATTR_OVERHEAD_MS]: round(overheadMs) });
  markError(span, outcome);
  span.end();
  const line = {
    ...labels,
    attempts: state.attempts,
    duration_ms: round(durationMs),
    overhead_ms: round(overheadMs),
    ...(state.usage && { usage: state.usage }),
  };
  context.with(trace.setSpan(context.active(), span), () => logger.info(line, 'call'));
}

function endChat(state: CallState, instruments: Instruments, outcome: Outcome, durationMs: number) {
  instruments.inFlight.add(-1);
  const labels = genAiLabels(state);
  const failed = NOT_AN_ERROR.has(outcome) ? {} : { [ATTR_ERROR_TYPE]: outcome };
  instruments.genAiDuration.record(durationMs / 1000, { ...labels, ...failed });
  if (!state.usage) return;
  const { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = state.usage;
  const { model } = state;
  instruments.tokens.add(inputTokens, { model, type: 'input' });
  instruments.tokens.add(outputTokens, { model, type: 'output' });
  instruments.tokens.add(cacheReadTokens, { model, type: 'cache_read' });
  instruments.tokens.add(cacheCreationTokens, { model, type: 'cache_creation' });
  const allInput = inputTokens + cacheReadTokens + cacheCreationTokens;
  instruments.genAiTokens.record(allInput, { ...labels, [ATTR_GEN_AI_TOKEN_TYPE]: 'input' });
  instruments.genAiTokens.record(outputTokens, { ...labels, [ATTR_GEN_AI_TOKEN_TYPE]: 'output' });
}

function genAiLabels({ info, model }: CallState): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION]: info.operation,
    [ATTR_GEN_AI_PROVIDER]: GEN_AI_PROVIDER,
    [ATTR_GEN_AI_REQUEST_MODEL]: model,
  };
}

/** The conventions count cached tokens as input: their `input_tokens` is the sum of three. */
function usageAttributes(usage: Usage | undefined): Attributes {
  if (!usage) return {};
  const { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = usage;
  return {
    [ATTR_GEN_AI_INPUT_TOKENS]: inputTokens + cacheReadTokens + cacheCreationTokens,
    [ATTR_GEN_AI_OUTPUT_TOKENS]: outputTokens,
    [ATTR_GEN_AI_CACHE_READ_TOKENS]: cacheReadTokens,
    [ATTR_GEN_AI_CACHE_CREATION_TOKENS]: cacheCreationTokens,
  };
}

function markError(span: Span, outcome: Outcome): void {
  if (NOT_AN_ERROR.has(outcome)) return;
  span.setAttribute(ATTR_ERROR_TYPE, outcome);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Telemetry that throws never breaks a call: void methods are fenced, `run` and readings are not. */
function safely<R extends object>(record: R, logger: Logger): R {
  const fenced = ['retry', 'waited', 'chunk', 'usage', 'answer', 'end'];
  const entries = Object.entries(record).map(([name, method]) => {
    if (!fenced.includes(name)) return [name, method];
    return [name, (...args: unknown[]) => attempt(() => method(...args), name, logger)];
  });
  return Object.fromEntries(entries) as R;
}

function attempt(fn: () => void, method: string, logger: Logger): void {
  try {
    fn();
  } catch (error) {
    logger.error({ err: error, method }, 'telemetry failed');
  }
}

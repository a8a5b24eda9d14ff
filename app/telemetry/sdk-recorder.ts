/** The recorder of the running service: turns what stages tell into spans, metrics and log lines. */
import { type Attributes, context, propagation, SpanKind, trace } from '@opentelemetry/api';
import {
  ATTR_ATTEMPT,
  ATTR_CALLER,
  ATTR_CORRELATION_ID,
  ATTR_GEN_AI_FINISH_REASONS,
  ATTR_GEN_AI_OPERATION,
  ATTR_GEN_AI_PROVIDER,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_HTTP_STATUS,
  ATTR_KEY,
  ATTR_OUTCOME,
  ATTR_REQUEST_ID,
  ATTR_UPSTREAM,
  GEN_AI_PROVIDER,
} from './attributes.ts';
import {
  type CallState,
  endCall,
  genAiLabels,
  markError,
  round,
  type SdkRecorderDeps,
} from './call-end.ts';
import { inputAttributes } from './content.ts';
import { findCorrelation, markInjected } from './correlation.ts';
import type { Logger } from './logger.ts';
import { ERROR_TYPES } from './metric-catalogue.ts';
import type { AttemptRecord, CallInfo, CallRecord, Outcome, Recorder, Usage } from './recorder.ts';

const MAX_ATTRIBUTE_LENGTH = 128;
const FAILED: ReadonlySet<Outcome> = new Set(ERROR_TYPES);

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
      const { body } = info;
      if (deps.captureContent && body) {
        attempt(() => span.setAttributes(inputAttributes(body)), 'input', deps.logger);
      }
      const state: CallState = {
        info,
        model,
        span,
        attempts: 0,
        waitedMs: 0,
        waits: 0,
        waitingSinceMs: 0,
        lastChunkMs: undefined,
        usage: undefined,
        facts: {},
        said: undefined,
        ended: false,
      };
      return safely(createCallRecord(state, deps), deps.logger);
    },
  };
}

function spanName({ operation, model }: CallInfo): string {
  return model ? `${operation} ${model.slice(0, MAX_ATTRIBUTE_LENGTH)}` : operation;
}

function callAttributes({ operation, model, caller }: CallInfo): Attributes {
  return {
    [ATTR_CALLER]: caller,
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
  const waitedMs = () => state.waitedMs + (state.waits > 0 ? now() - state.waitingSinceMs : 0);
  const overheadMs = () => Math.max(0, now() - state.info.receivedAtMs - waitedMs());
  return {
    run: (fn) => context.with(ctx, fn),
    startAttempt: (upstream) => safely(startAttempt(state, deps, ctx, upstream), deps.logger),
    key(alias) {
      trace.getActiveSpan()?.setAttribute(ATTR_KEY, alias);
    },
    keyLeft(key, status) {
      const { caller } = state.info;
      deps.logger.warn({ key, caller, status }, 'a key is out, another is tried');
    },
    retry(reason) {
      instruments.retries.add(1, { reason });
      deps.logger.warn({ reason, attempt: state.attempts }, 'retrying');
    },
    failover(upstream, reason) {
      instruments.failovers.add(1, { upstream });
      deps.logger.warn({ upstream, reason, attempt: state.attempts }, 'failing over');
    },
    hedged(won) {
      instruments.hedges.add(1, { won: String(won) });
    },
    retryRefused(why) {
      instruments.retriesRefused.add(1, { why });
    },
    waitBegins() {
      if (state.waits === 0) state.waitingSinceMs = now();
      state.waits += 1;
    },
    waitEnds() {
      state.waits -= 1;
      if (state.waits === 0) state.waitedMs += now() - state.waitingSinceMs;
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
      state.usage = state.usage ? sum(state.usage, usage) : usage;
    },
    listens: deps.captureContent,
    said(content) {
      const before = typeof state.said === 'string' ? state.said : '';
      state.said = typeof content === 'string' ? before + content : content;
    },
    answer({ id, model, stopReason, requestId }) {
      Object.assign(state.facts, {
        ...(id && { [ATTR_GEN_AI_RESPONSE_ID]: id }),
        ...(model && { [ATTR_GEN_AI_RESPONSE_MODEL]: model }),
        ...(stopReason && { [ATTR_GEN_AI_FINISH_REASONS]: [stopReason] }),
        ...(requestId && { [ATTR_REQUEST_ID]: requestId }),
      });
    },
    tokens: () => tokensOf(state.usage),
    waitedMs,
    overheadMs,
    end(outcome) {
      if (state.ended) return;
      state.ended = true;
      endCall(state, deps, outcome, overheadMs());
    },
  };
}

function tokensOf(usage: Usage | undefined): number {
  if (!usage) return 0;
  return usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheCreationTokens;
}

function sum(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheCreationTokens: a.cacheCreationTokens + b.cacheCreationTokens,
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
  const end = (outcome: Outcome, status: number) => {
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
  };
  return {
    headers,
    run: (fn) => context.with(below, fn),
    end,
  };
}

/** What is more than arithmetic; `run` and readings are the caller's own. */
const FENCED = [
  'key',
  'keyLeft',
  'retry',
  'failover',
  'hedged',
  'retryRefused',
  'chunk',
  'usage',
  'said',
  'answer',
  'end',
] as const;

type Fenced = Partial<Record<(typeof FENCED)[number], (...args: never[]) => void>>;

/** Telemetry that throws never breaks a call. The record is changed in place: it is made twice a call. */
function safely<R extends object>(record: R, logger: Logger): R {
  const methods = record as Fenced;
  for (const name of FENCED) {
    const method = methods[name];
    if (method) methods[name] = (...args) => attempt(() => method(...args), name, logger);
  }
  return record;
}

function attempt(fn: () => void, method: string, logger: Logger): void {
  try {
    fn();
  } catch (error) {
    logger.error({ err: error, method }, 'telemetry failed');
  }
}

/** What a call's end leaves in telemetry: its metrics, its span's last attributes, its log line. */
import {
  type Attributes,
  context,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_CACHE_CREATION_TOKENS,
  ATTR_GEN_AI_CACHE_READ_TOKENS,
  ATTR_GEN_AI_INPUT_TOKENS,
  ATTR_GEN_AI_OPERATION,
  ATTR_GEN_AI_OUTPUT_TOKENS,
  ATTR_GEN_AI_PROVIDER,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOKEN_TYPE,
  ATTR_OUTCOME,
  ATTR_OVERHEAD_MS,
  GEN_AI_PROVIDER,
} from './attributes.ts';
import { outputAttributes } from './content.ts';
import type { Logger } from './logger.ts';
import type { Instruments } from './metric-catalogue.ts';
import type { CallInfo, Outcome, Usage } from './recorder.ts';

export interface SdkRecorderDeps {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly logger: Logger;
  /** Names that get a `model` label of their own. */
  readonly models: readonly string[];
  /** Whether prompts and answers go on spans. */
  readonly captureContent: boolean;
  /** Milliseconds, monotonic: the clock of `CallInfo.receivedAtMs`. */
  readonly now: () => number;
}

/** What a call has gathered until it ends. */
export interface CallState {
  readonly info: CallInfo;
  readonly model: string;
  readonly span: Span;
  attempts: number;
  /** Of waits that are over. */
  waitedMs: number;
  /** Waits that are not. */
  waits: number;
  waitingSinceMs: number;
  lastChunkMs: number | undefined;
  usage: Usage | undefined;
  facts: Attributes;
  /** Of the answer, where it is recorded: blocks, or text so far. */
  said: unknown;
  ended: boolean;
}

const NOT_AN_ERROR: ReadonlySet<Outcome> = new Set<Outcome>(['success', 'client_cancelled']);

/** Ends the call's span, counts it and writes its line. */
export function endCall(
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
  const { caller } = info;
  instruments.requests.add(1, labels);
  instruments.callerCalls.add(1, { caller, outcome });
  instruments.duration.record(durationMs / 1000, labels);
  if (state.attempts > 0) {
    instruments.attemptsPerCall.record(state.attempts, { operation: info.operation });
  }
  instruments.overhead.record(overheadMs / 1000, { operation: info.operation, stream });
  if (info.operation === 'chat') endChat(state, instruments, outcome, durationMs);
  span.setAttributes({ ...state.facts, ...usageAttributes(state.usage) });
  if (state.said !== undefined) span.setAttributes(outputAttributes(state.said));
  span.setAttributes({ [ATTR_OUTCOME]: outcome, [ATTR_OVERHEAD_MS]: round(overheadMs) });
  markError(span, outcome);
  span.end();
  const line = {
    ...labels,
    caller,
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
  const { model, info } = state;
  const count = (n: number, type: string) => {
    // The series are there at 0, and most answers have no cached tokens.
    if (n === 0) return;
    instruments.tokens.add(n, { model, type });
    instruments.callerTokens.add(n, { caller: info.caller, type });
  };
  count(inputTokens, 'input');
  count(outputTokens, 'output');
  count(cacheReadTokens, 'cache_read');
  count(cacheCreationTokens, 'cache_creation');
  const allInput = inputTokens + cacheReadTokens + cacheCreationTokens;
  instruments.genAiTokens.record(allInput, { ...labels, [ATTR_GEN_AI_TOKEN_TYPE]: 'input' });
  instruments.genAiTokens.record(outputTokens, { ...labels, [ATTR_GEN_AI_TOKEN_TYPE]: 'output' });
}

/** Labels of the GenAI conventions; the model is the bounded one. */
export function genAiLabels({ info, model }: CallState): Attributes {
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

/** A span of a failed call or attempt says so; success and cancellation are no errors. */
export function markError(span: Span, outcome: Outcome): void {
  if (NOT_AN_ERROR.has(outcome)) return;
  span.setAttribute(ATTR_ERROR_TYPE, outcome);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Milliseconds with three decimals, for people to read. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

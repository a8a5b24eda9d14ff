/** One call as a span, its metrics and one log line at its end. */
import { type Attributes, type Context, context, type Span, SpanKind } from '@opentelemetry/api';
import type { MessageFacts } from '../anthropic/messages.ts';
import type { ModelFacts } from '../anthropic/models.ts';
import type { Usage, UsageReport } from '../anthropic/usage.ts';
import { durationOutcome, OUTCOME_TRAITS, type Outcome } from '../outcome.ts';
import { countAnswer, countVersion, wordOrOther } from './answers.ts';
import { AttemptSpan } from './attempt-span.ts';
import { ATTR_OUTCOME, ATTR_OVERHEAD_MS, ATTR_REQUEST_ID } from './attributes.ts';
import { answerAttributes, attributionFields, callAttributes } from './call-attributes.ts';
import { CallUsage } from './call-usage.ts';
import { inputAttributes, joined, outputAttributes } from './content.ts';
import { genAiLabels, genAiSpanName, recordInference, usageAttributes } from './gen-ai.ts';
import { labelWithoutFamily, shownModel } from './model-labels.ts';
import type { CallInfo, CallRecord, CallTotals } from './recorder.ts';
import { guarded, markError, type RecorderDeps, roundMs, startBelow, withSpan } from './spans.ts';
import { StreamSpeed } from './stream-speed.ts';
import type { RetryRefusal } from './vocabulary.ts';

export class CallSpan implements CallRecord {
  readonly capturesContent: boolean;
  readonly #deps: RecorderDeps;
  readonly #info: CallInfo;
  readonly #familyOf: (name: string) => string | undefined;
  /** The label of the model that was asked for. */
  readonly #askedModel: string;
  /**
   * The value of the label `model`: the model that answers may be another, and one that is not configured has no
   * label. The span and the log line have the full names.
   */
  #model: string;
  /** The message of the present attempt has stated these facts so far. */
  #facts: MessageFacts = {};
  readonly #span: Span;
  readonly #context: Context;
  readonly #genAiLabels: Attributes;
  /** When the call's span began: the body had arrived, and the call was admitted. */
  readonly #startedAtMs: number;
  readonly #usage: CallUsage;
  #attempts = 0;
  #attempt: AttemptSpan | undefined;
  /** Set between the decision to retry and the attempt that follows, if one does. */
  #retryReason: Outcome | undefined;
  /** Of a stream. */
  readonly #speed: StreamSpeed | undefined;
  /** Blocks of a complete response, or a stream's text so far; undefined unless content is captured. */
  #output: unknown;
  #ended = false;

  /** @param familyOf finds the configured model that a name belongs to */
  constructor(deps: RecorderDeps, info: CallInfo, familyOf: (name: string) => string | undefined) {
    this.#deps = deps;
    this.#info = info;
    this.#familyOf = familyOf;
    this.#askedModel = familyOf(info.model) ?? labelWithoutFamily(info);
    this.#model = this.#askedModel;
    this.capturesContent = deps.captureContent;
    this.#genAiLabels = genAiLabels(info, this.#model);
    this.#startedAtMs = deps.now();
    this.#speed = info.stream ? new StreamSpeed(deps, info.receivedAtMs) : undefined;
    this.#usage = new CallUsage(deps, info.caller, familyOf);
    const around = context.active();
    this.#span = startBelow(deps.tracer, genAiSpanName(info), around, () => ({
      kind: SpanKind.CLIENT,
      attributes: callAttributes(info),
    }));
    this.#context = withSpan(around, this.#span);
    if (info.operation === 'chat') deps.instruments.inFlight.add(1);
    const { body } = info;
    if (body) this.#capture(() => inputAttributes(body));
  }

  run<T>(fn: () => T): T {
    return context.with(this.#context, fn);
  }

  startAttempt(upstream: string): AttemptSpan {
    if (this.#retryReason) this.#deps.instruments.retries.add(1, { reason: this.#retryReason });
    this.#retryReason = undefined;
    this.#attempts += 1;
    // The facts of a failed attempt's message do not hold for the next one. Its tokens stay, because they are billed.
    this.#facts = {};
    this.#model = this.#askedModel;
    this.#output = undefined;
    this.#speed?.startAttempt();
    this.#attempt = new AttemptSpan(this.#deps, this.#context, upstream, this.#attempts);
    return this.#attempt;
  }

  keyRejected(key: string, status: number): void {
    const { caller } = this.#info;
    this.#deps.logger.warn({ key, caller, status }, 'API key rejected, trying another');
  }

  retry(reason: Outcome): void {
    this.#retryReason = reason;
    this.#deps.logger.warn({ reason, attempt: this.#attempts }, 'retrying');
  }

  retryRefused(reason: RetryRefusal): void {
    this.#deps.instruments.retriesRefused.add(1, { reason });
  }

  failedOver(upstream: string, reason: Outcome): void {
    this.#deps.instruments.failovers.add(1, { upstream });
    this.#deps.logger.warn({ upstream, reason, attempt: this.#attempts }, 'failing over');
  }

  recordFirstEvent(atMs: number): void {
    this.#speed?.firstEvent(atMs);
  }

  recordChunk(written: number, run: number): void {
    const isFirst = this.#speed?.chunk(this.#model, this.#genAiLabels, written, run);
    if (isFirst) this.#span.addEvent('first token');
  }

  recordFirstText(): void {
    this.#speed?.firstText(this.#model);
  }

  recordOutput(content: unknown): void {
    this.#output = typeof content === 'string' ? joined(this.#output, content) : content;
  }

  setResponse(facts: MessageFacts): void {
    // The ID of a model, or of a batch, is no ID of an answer.
    if (this.#info.operation !== 'chat') return;
    this.#facts = { ...this.#facts, ...facts };
    if (facts.model) this.#model = this.#familyOf(facts.model) ?? this.#model;
  }

  setModels(models: readonly ModelFacts[]): void {
    if (this.#info.operation === 'models') this.#deps.retirements.learn(models);
  }

  recordUsage(report: UsageReport): void {
    guarded(this.#deps.logger, () => this.#usage.add(report, this.#model));
  }

  end(outcome: Outcome, totals: CallTotals): void {
    if (this.#ended) return;
    this.#ended = true;
    guarded(this.#deps.logger, () => this.#end(outcome, totals));
  }

  #end(outcome: Outcome, totals: CallTotals): void {
    const { usage, overheadMs } = totals;
    const durationMs = this.#deps.now() - this.#info.receivedAtMs;
    this.#count(outcome, durationMs, overheadMs);
    if (this.#info.operation === 'chat') this.#countChat(outcome, usage);
    if (this.#speed) this.#span.setAttributes(this.#speed.end(outcome, totals, this.#model));
    if (this.#span.isRecording()) this.#endSpan(outcome, usage, overheadMs);
    this.#log(outcome, durationMs, totals);
  }

  #count(outcome: Outcome, durationMs: number, overheadMs: number): void {
    const { instruments } = this.#deps;
    const { operation, caller, stream, version } = this.#info;
    const labels = { operation, stream: String(stream) };
    const model = this.#model;
    instruments.requests.add(1, { ...labels, model, outcome });
    instruments.callerCalls.add(1, { caller, outcome });
    countVersion(instruments, version);
    const ending = durationOutcome(outcome);
    const byModel = operation === 'chat' && ending !== 'failed' ? { model } : {};
    instruments.duration.record(durationMs / 1000, { ...labels, ...byModel, outcome: ending });
    if (this.#attempts > 0) instruments.attemptsPerCall.record(this.#attempts, { operation });
    instruments.overhead.record(overheadMs / 1000, { operation, stream: String(stream) });
  }

  #countChat(outcome: Outcome, usage: Usage | undefined): void {
    const { instruments, now } = this.#deps;
    instruments.inFlight.add(-1);
    recordInference(instruments, {
      labels: this.#genAiLabels,
      durationMs: now() - this.#startedAtMs,
      isError: OUTCOME_TRAITS[outcome].isError === true,
      isRefused: this.#attempts === 0,
      usage,
    });
    countAnswer(instruments, this.#model, this.#facts);
  }

  #endSpan(outcome: Outcome, usage: Usage | undefined, overheadMs: number): void {
    const requestId = this.#attempt?.requestId;
    if (requestId !== undefined) this.#span.setAttribute(ATTR_REQUEST_ID, requestId);
    if (usage) this.#span.setAttributes(usageAttributes(usage));
    this.#span.setAttributes(this.#usage.attributes());
    // The convention's word for a message that did not come to its end.
    const facts = this.#awaitsMessage() ? { ...this.#facts, stopReason: 'error' } : this.#facts;
    this.#span.setAttributes(answerAttributes(facts));
    if (this.#output !== undefined) this.#capture(() => outputAttributes(this.#output));
    this.#span.setAttribute(ATTR_OUTCOME, outcome);
    this.#span.setAttribute(ATTR_OVERHEAD_MS, roundMs(overheadMs));
    markError(this.#span, outcome);
    this.#span.end();
  }

  #awaitsMessage(): boolean {
    const { operation } = this.#info;
    return operation === 'chat' && this.#attempts > 0 && this.#facts.stopReason === undefined;
  }

  #log(outcome: Outcome, durationMs: number, { usage, overheadMs }: CallTotals): void {
    const { operation, model, stream, caller } = this.#info;
    const { stopReason, model: responseModel } = this.#facts;
    const line = {
      operation,
      model: shownModel(model) || this.#model,
      response_model: responseModel || undefined,
      request_id: this.#attempt?.requestId,
      error_code: this.#attempt?.errorCode,
      stop_reason: stopReason === undefined ? undefined : wordOrOther(stopReason),
      stream: String(stream),
      outcome,
      caller,
      ...attributionFields(this.#info),
      attempts: this.#attempts,
      duration_ms: roundMs(durationMs),
      overhead_ms: roundMs(overheadMs),
      ...this.#usage.line(usage),
    };
    this.#deps.logger.plain(line, 'call', this.#context);
  }

  /** Content is whatever callers sent, so reading it is the only step here that may throw. */
  #capture(attributes: () => Attributes): void {
    if (!this.capturesContent || !this.#span.isRecording()) return;
    try {
      this.#span.setAttributes(attributes());
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'content could not be captured');
    }
  }
}

/** One attempt as a span, two counters and, when it failed, a log line. */
import {
  type Context,
  context,
  propagation,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OUTCOME_TRAITS, type Outcome } from '../outcome.ts';
import {
  ATTR_ATTEMPT,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_STATUS,
  ATTR_KEY,
  ATTR_OUTCOME,
  ATTR_UPSTREAM,
} from './attributes.ts';
import { markInjected } from './correlation.ts';
import type { Logger } from './logger.ts';
import type { Instruments } from './metric-catalogue.ts';
import type { AttemptRecord } from './recorder.ts';

export interface SdkRecorderDeps {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly logger: Logger;
  /** Names that get a `model` label of their own. */
  readonly models: readonly string[];
  /** Whether prompts and responses go on spans. */
  readonly captureContent: boolean;
  /** Milliseconds, monotonic: the clock of `CallInfo.receivedAtMs`. */
  readonly now: () => number;
}

/** Marks the span of a failed call or attempt; success and cancellation are no errors. */
export function markError(span: Span, outcome: Outcome): void {
  if (!OUTCOME_TRAITS[outcome].isError) return;
  span.setAttribute(ATTR_ERROR_TYPE, outcome);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Milliseconds with three decimals, for people to read. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export class AttemptSpan implements AttemptRecord {
  readonly headers: Record<string, string> = {};
  readonly #deps: SdkRecorderDeps;
  readonly #upstream: string;
  readonly #attempt: number;
  readonly #span: Span;
  readonly #context: Context;
  /** The attempt has set its own trace headers: nothing below it may set them again. */
  readonly #below: Context;
  readonly #startedAtMs: number;

  /** @param attempt its number within the call, from 1 */
  constructor(deps: SdkRecorderDeps, callContext: Context, upstream: string, attempt: number) {
    this.#deps = deps;
    this.#upstream = upstream;
    this.#attempt = attempt;
    const attributes = { [ATTR_ATTEMPT]: attempt, [ATTR_UPSTREAM]: upstream };
    this.#span = deps.tracer.startSpan('attempt', { attributes }, callContext);
    this.#context = trace.setSpan(callContext, this.#span);
    this.#below = markInjected(this.#context);
    propagation.inject(this.#context, this.headers);
    this.#startedAtMs = deps.now();
  }

  run<T>(fn: () => T): T {
    return context.with(this.#below, fn);
  }

  setKey(alias: string): void {
    this.#span.setAttribute(ATTR_KEY, alias);
  }

  end(outcome: Outcome, status: number): void {
    const { instruments } = this.#deps;
    const failed = OUTCOME_TRAITS[outcome].failedAttempt === true;
    instruments.attempts.add(1, { upstream: this.#upstream, outcome });
    if (failed) instruments.errors.add(1, { upstream: this.#upstream, error_type: outcome });
    this.#span.setAttribute(ATTR_OUTCOME, outcome);
    if (status > 0) this.#span.setAttribute(ATTR_HTTP_STATUS, status);
    markError(this.#span, outcome);
    this.#span.end();
    if (failed) this.#logFailure(outcome, status);
  }

  #logFailure(outcome: Outcome, status: number): void {
    const { logger, now } = this.#deps;
    const line = {
      attempt: this.#attempt,
      upstream: this.#upstream,
      outcome,
      status,
      duration_ms: roundMs(now() - this.#startedAtMs),
    };
    context.with(this.#context, () => logger.warn(line, 'attempt failed'));
  }
}

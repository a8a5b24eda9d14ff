/** One attempt as a span, two counters and, when it failed, a log line. */
import { type Context, context, propagation, type Span, SpanKind } from '@opentelemetry/api';
import { OUTCOME_TRAITS, type Outcome } from '../outcome.ts';
import { knownOrOther, wordOrOther } from './answers.ts';
import {
  ATTR_ATTEMPT,
  ATTR_ERROR_CODE,
  ATTR_HTTP_STATUS,
  ATTR_KEY,
  ATTR_NETWORK_CAUSE,
  ATTR_ORGANIZATION_ID,
  ATTR_OUTCOME,
  ATTR_REQUEST_ID,
  ATTR_UPSTREAM,
  ATTR_WORKSPACE_ID,
} from './attributes.ts';
import { withRequestSpan } from './http-client.ts';
import type { AttemptRecord } from './recorder.ts';
import { guarded, markError, type RecorderDeps, roundMs, startBelow, withSpan } from './spans.ts';
import { API_ERROR_CODES, type NetworkCause } from './vocabulary.ts';

/** Anthropic's own are `req_…`; anything that is no such token stays out of logs and spans. */
const ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;
/** The official SDK puts the same on its spans. */
const ID_HEADERS = [
  ['request-id', ATTR_REQUEST_ID],
  ['anthropic-organization-id', ATTR_ORGANIZATION_ID],
  ['anthropic-workspace-id', ATTR_WORKSPACE_ID],
] as const;

export class AttemptSpan implements AttemptRecord {
  readonly headers: Record<string, string> = {};
  /** The upstream's `request-id`; undefined until it has answered, and without one. */
  requestId: string | undefined;
  /** Why the API refused it; undefined unless it did, and without a code. */
  errorCode: string | undefined;
  #networkCause: NetworkCause | undefined;
  readonly #deps: RecorderDeps;
  readonly #upstream: string;
  readonly #attempt: number;
  readonly #span: Span;
  readonly #context: Context;
  readonly #startedAtMs: number;

  /** @param attempt its number within the call, from 1 */
  constructor(deps: RecorderDeps, callContext: Context, upstream: string, attempt: number) {
    this.#deps = deps;
    this.#upstream = upstream;
    this.#attempt = attempt;
    this.#span = startBelow(deps.tracer, 'attempt', callContext, () => ({
      kind: SpanKind.CLIENT,
      attributes: { [ATTR_ATTEMPT]: attempt, [ATTR_UPSTREAM]: upstream },
    }));
    this.#context = withRequestSpan(withSpan(callContext, this.#span), this.#span);
    propagation.inject(this.#context, this.headers);
    this.#startedAtMs = deps.now();
  }

  run<T>(fn: () => T): T {
    return context.with(this.#context, fn);
  }

  setKey(alias: string): void {
    this.#span.setAttribute(ATTR_KEY, alias);
  }

  setHeaders(headers: Readonly<Record<string, string>>): void {
    for (const [header, attribute] of ID_HEADERS) {
      const id = headers[header];
      if (id !== undefined && ID_PATTERN.test(id)) this.#span.setAttribute(attribute, id);
    }
    const { 'request-id': requestId = '' } = headers;
    if (ID_PATTERN.test(requestId)) this.requestId = requestId;
  }

  setNetworkCause(cause: NetworkCause): void {
    this.#networkCause = cause;
    this.#span.setAttribute(ATTR_NETWORK_CAUSE, cause);
  }

  setErrorCode(code: string): void {
    if (code === '') return;
    this.errorCode = wordOrOther(code);
    this.#span.setAttribute(ATTR_ERROR_CODE, this.errorCode);
  }

  end(outcome: Outcome, status: number): void {
    guarded(this.#deps.logger, () => this.#end(outcome, status));
  }

  #end(outcome: Outcome, status: number): void {
    const { instruments } = this.#deps;
    const failed = OUTCOME_TRAITS[outcome].failedAttempt === true;
    instruments.attempts.add(1, { upstream: this.#upstream, outcome });
    if (failed) instruments.errors.add(1, { upstream: this.#upstream, error_type: outcome });
    this.#countReasons();
    this.#span.setAttribute(ATTR_OUTCOME, outcome);
    if (status > 0) this.#span.setAttribute(ATTR_HTTP_STATUS, status);
    markError(this.#span, outcome);
    this.#span.end();
    if (failed || this.#networkCause) this.#logFailure(outcome, status);
  }

  #countReasons(): void {
    const { networkErrors, errorCodes } = this.#deps.instruments;
    const upstream = this.#upstream;
    const cause = this.#networkCause;
    if (cause) networkErrors.add(1, { upstream, cause });
    if (this.errorCode === undefined) return;
    errorCodes.add(1, { upstream, error_code: knownOrOther(API_ERROR_CODES, this.errorCode) });
  }

  #logFailure(outcome: Outcome, status: number): void {
    const { logger, now } = this.#deps;
    const line = {
      attempt: this.#attempt,
      upstream: this.#upstream,
      outcome,
      status,
      error_code: this.errorCode,
      request_id: this.requestId,
      cause: this.#networkCause,
      duration_ms: roundMs(now() - this.#startedAtMs),
    };
    context.with(this.#context, () => logger.warn(line, 'attempt failed'));
  }
}

/** The policy of the correlation ID: which ID a request gets, and which trace. Rules: docs/semantics.md. */
import {
  type Context,
  context,
  createContextKey,
  propagation,
  type SpanContext,
} from '@opentelemetry/api';
import { LeanContext } from './lean-context.ts';

export const CORRELATION_HEADER = 'x-correlation-id';

/** What is known of the ID of one request. */
export interface Correlation {
  /** 1 to 128 of `A-Za-z0-9._:-`. */
  readonly id: string;
  /** The trace ID that the server span must have, 32 lower-case hex digits; undefined in a joined trace. */
  readonly traceId?: string;
  /** The caller's span, when its trace is not trusted enough to be joined. */
  readonly link?: SpanContext;
  /** Whether the caller sent an ID that is not valid. */
  readonly replaced: boolean;
}

const CORRELATION = createContextKey('correlation');
const ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;
const TRACE_ID_PATTERN = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const ALL_ZEROS = /^[0-]+$/;

/** @returns a UUID or 32 hex digits as a trace ID; undefined for any other ID, and for all zeros */
export function asTraceId(id: string): string | undefined {
  if (!TRACE_ID_PATTERN.test(id) || ALL_ZEROS.test(id)) return undefined;
  return id.replaceAll('-', '').toLowerCase();
}

function isValid(id: string): boolean {
  return ID_PATTERN.test(id) && !(TRACE_ID_PATTERN.test(id) && ALL_ZEROS.test(id));
}

/**
 * Decides the correlation of a request.
 * @param sentId the ID that the caller sent
 * @param remote the span in the caller's `traceparent`
 */
export function decideCorrelation(
  sentId: string | undefined,
  remote: SpanContext | undefined,
  { trusted, newTraceId }: { readonly trusted: boolean; readonly newTraceId: () => string },
): Correlation {
  const valid = sentId !== undefined && isValid(sentId) ? sentId : undefined;
  const replaced = sentId !== undefined && valid === undefined;
  if (remote && trusted) return { id: valid ?? remote.traceId, replaced };
  const wanted = valid && trusted ? asTraceId(valid) : undefined;
  const traceId = wanted ?? newTraceId();
  return { id: valid ?? traceId, traceId, replaced, ...(remote && { link: remote }) };
}

/** @returns a context that carries the correlation */
export function setCorrelation(ctx: Context, correlation: Correlation): Context {
  return LeanContext.with(ctx, CORRELATION, correlation);
}

/** @returns the correlation of a context; undefined outside a request */
export function findCorrelation(ctx: Context = context.active()): Correlation | undefined {
  return ctx.getValue(CORRELATION) as Correlation | undefined;
}

/** @returns what is active now, for work that runs later and belongs to the same request */
export function activeContext(): Context {
  return context.active();
}

/**
 * @returns the correlation of the request being served
 * @throws {Error} outside `withCorrelation`, which is a bug of ours
 */
export function correlationOf(): Correlation {
  const found = findCorrelation();
  if (!found) throw new Error('no correlation: this code runs outside a request');
  return found;
}

/**
 * Runs `fn` with a correlation: the active one or, when no instrumentation has read the request because
 * the SDK is disabled, one that the same propagator extracts here.
 */
export function withCorrelation<T>(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  fn: () => T,
): T {
  const active = context.active();
  if (findCorrelation(active)) return fn();
  return context.with(propagation.extract(active, headers), fn);
}

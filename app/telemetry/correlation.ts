/**
 * The correlation ID as trace context: one propagator reads it, gives it to the trace, sends it on.
 * Rules: docs/semantics.md. Trace context: https://www.w3.org/TR/trace-context/
 */
import {
  type Context,
  context,
  createContextKey,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

export const CORRELATION_HEADER = 'x-correlation-id';

/** What is known of the ID of one request. */
export interface Correlation {
  /** 1 to 128 of `A-Za-z0-9._:-`. */
  readonly id: string;
  /** The trace ID that the server span shall have: 32 lower-case hex digits. */
  readonly traceId?: string;
  /** A caller's trace that we do not trust enough to join. */
  readonly link?: SpanContext;
  /** The caller sent an ID that could not be kept. */
  readonly replaced: boolean;
}

export interface CorrelationOptions {
  /** Whether the sender's IDs and `traceparent` become trace context. */
  readonly trusts: (headers: Credentials) => boolean;
  /** 32 random hex digits. */
  readonly newTraceId: () => string;
}

/** The headers by which a caller is known. */
export type Credentials = Readonly<
  Record<'authorization' | 'x-api-key', string | string[] | undefined>
>;

const CORRELATION = createContextKey('correlation');
const INJECTED = createContextKey('trace headers are set already');
const ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;
const TRACE_ID_PATTERN = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const ALL_ZEROS = /^[0-]+$/;
const w3c = new W3CTraceContextPropagator();

/** A UUID or 32 hex digits as a trace ID; undefined for any other ID. All zeros is no ID at all. */
export function asTraceId(id: string): string | undefined {
  if (!TRACE_ID_PATTERN.test(id) || ALL_ZEROS.test(id)) return undefined;
  return id.replaceAll('-', '').toLowerCase();
}

function isAllowed(id: string): boolean {
  return ID_PATTERN.test(id) && !(TRACE_ID_PATTERN.test(id) && ALL_ZEROS.test(id));
}

/** Decides the correlation from what a caller sent. `remote` is the span of his `traceparent`. */
export function decideCorrelation(
  sentId: string | undefined,
  remote: SpanContext | undefined,
  { trustInbound, newTraceId }: { trustInbound: boolean; newTraceId: () => string },
): Correlation {
  const kept = sentId !== undefined && isAllowed(sentId) ? sentId : undefined;
  const replaced = sentId !== undefined && kept === undefined;
  if (remote && trustInbound) return { id: kept ?? remote.traceId, replaced };
  const wanted = kept && trustInbound ? asTraceId(kept) : undefined;
  const traceId = wanted ?? newTraceId();
  return { id: kept ?? traceId, traceId, replaced, ...(remote && { link: remote }) };
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

/**
 * The SDK's propagator: in by `x-correlation-id`, else `x-request-id`, and `traceparent`; out by
 * `x-correlation-id` and `traceparent`. Neither baggage nor `tracestate` crosses us.
 */
export function createCorrelationPropagator(options: CorrelationOptions): TextMapPropagator {
  return {
    fields: () => [CORRELATION_HEADER, 'traceparent'],
    extract<C>(ctx: Context, carrier: C, getter: TextMapGetter<C>): Context {
      const sent = first(
        getter.get(carrier, CORRELATION_HEADER) ?? getter.get(carrier, 'x-request-id'),
      );
      const withRemote = w3c.extract(ROOT_CONTEXT, carrier, getter);
      const remote = trace.getSpanContext(withRemote);
      const trustInbound = options.trusts({
        authorization: getter.get(carrier, 'authorization'),
        'x-api-key': getter.get(carrier, 'x-api-key'),
      });
      const { newTraceId } = options;
      const correlation = decideCorrelation(sent, remote, { trustInbound, newTraceId });
      const parent =
        remote && trustInbound
          ? trace.setSpanContext(ctx, { ...withoutState(remote), isRemote: true })
          : ctx;
      return parent.setValue(CORRELATION, correlation);
    },
    inject<C>(ctx: Context, carrier: C, setter: TextMapSetter<C>): void {
      if (ctx.getValue(INJECTED)) return;
      const span = trace.getSpanContext(ctx);
      if (span && isSpanContextValid(span)) setter.set(carrier, 'traceparent', traceparent(span));
      const id = findCorrelation(ctx)?.id;
      if (id !== undefined) setter.set(carrier, CORRELATION_HEADER, id);
    },
  };
}

function withoutState({ traceId, spanId, traceFlags }: SpanContext): SpanContext {
  return { traceId, spanId, traceFlags };
}

function traceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`;
}

/** The correlation of a context, if it has one. */
export function findCorrelation(ctx: Context = context.active()): Correlation | undefined {
  return ctx.getValue(CORRELATION) as Correlation | undefined;
}

/**
 * The correlation of the request being served.
 * @throws {Error} outside `withCorrelation`: a mistake of ours
 */
export function correlationOf(): Correlation {
  const found = findCorrelation();
  if (!found) throw new Error('no correlation: this code runs outside a request');
  return found;
}

/**
 * Runs `fn` with a correlation: the active one, or, where no instrumentation has read the request
 * (the SDK is disabled), one extracted here by the same propagator.
 */
export function withCorrelation<T>(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  fn: () => T,
): T {
  const active = context.active();
  if (findCorrelation(active)) return fn();
  return context.with(propagation.extract(active, headers), fn);
}

/** A context under which nothing else sets trace headers, because the attempt has set its own. */
export function markInjected(ctx: Context): Context {
  return ctx.setValue(INJECTED, true);
}

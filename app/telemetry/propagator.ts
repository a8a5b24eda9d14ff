/**
 * The SDK's propagator: it reads the correlation ID and the trace context of a request, and sends both on.
 * Trace context: https://www.w3.org/TR/trace-context/
 */
import {
  type Context,
  INVALID_TRACEID,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  CORRELATION_HEADER,
  decideCorrelation,
  findCorrelation,
  setCorrelation,
} from './correlation.ts';

/** The headers of a request, as Node's HTTP server has them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface PropagatorOptions {
  /**
   * Whether the sender's IDs and `traceparent` become trace context. It gets the request's own headers
   * object, so that what it learns about the sender can be cached for that object.
   */
  readonly trusts: (headers: RequestHeaders) => boolean;
  /** Returns 32 random hex digits. */
  readonly newTraceId: () => string;
}

const w3c = new W3CTraceContextPropagator();

/**
 * Reads `x-correlation-id`, else `x-request-id`, and `traceparent`; sends `x-correlation-id` and
 * `traceparent`. Neither baggage nor `tracestate` passes through the service.
 */
export function createCorrelationPropagator(options: PropagatorOptions): TextMapPropagator {
  const { trusts, newTraceId } = options;
  return {
    fields: () => [CORRELATION_HEADER, 'traceparent'],
    extract<C>(ctx: Context, carrier: C, getter: TextMapGetter<C>): Context {
      const read = (header: string) => joined(getter.get(carrier, header));
      const sentId = read(CORRELATION_HEADER) ?? read('x-request-id');
      const remote = trace.getSpanContext(w3c.extract(ROOT_CONTEXT, carrier, getter));
      const trusted = trusts(carrier as RequestHeaders);
      const parent =
        remote && trusted
          ? trace.setSpanContext(ctx, { ...withoutState(remote), isRemote: true })
          : ctx;
      return setCorrelation(parent, decideCorrelation(sentId, remote, { trusted, newTraceId }));
    },
    inject<C>(ctx: Context, carrier: C, setter: TextMapSetter<C>): void {
      const span = trace.getSpanContext(ctx);
      // Any other ID was made by this process, or was valid when it was read.
      if (span && span.traceId !== INVALID_TRACEID)
        setter.set(carrier, 'traceparent', traceparent(span));
      const id = findCorrelation(ctx)?.id;
      if (id !== undefined) setter.set(carrier, CORRELATION_HEADER, id);
    },
  };
}

/** A header that was sent twice becomes one value, which is not a valid ID. */
function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

function withoutState({ traceId, spanId, traceFlags }: SpanContext): SpanContext {
  return { traceId, spanId, traceFlags };
}

function traceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`;
}

/**
 * Gives the server span the trace ID that its caller asked for, without inventing a parent: a wrapper around
 * the tracer of the HTTP instrumentation hands the ID to a generator with one slot. Why: docs/adr/0002.
 */
import {
  type Attributes,
  type Context,
  context,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace';
import { ATTR_CORRELATION_ID } from './attributes.ts';
import { findCorrelation } from './correlation.ts';

const NONE: Attributes = {};

/** An ID generator whose next trace ID can be set. */
export interface SlotIdGenerator extends IdGenerator {
  /** Makes this the next trace ID; undefined empties the slot. */
  want(traceId: string | undefined): void;
}

/** @returns a generator of random IDs that returns a wanted trace ID once */
export function createSlotIdGenerator(
  random: IdGenerator = new RandomIdGenerator(),
): SlotIdGenerator {
  let wanted: string | undefined;
  return {
    want(traceId) {
      wanted = traceId;
    },
    generateTraceId() {
      const id = wanted ?? random.generateTraceId();
      wanted = undefined;
      return id;
    },
    generateSpanId: () => random.generateSpanId(),
  };
}

/**
 * Wraps a provider so that root spans take their context's wanted trace ID, correlation attribute and link. The slot is
 * filled and emptied within one synchronous call: no two requests share it. A span gets its attributes once it is known
 * to be recorded, so neither samplers nor `onStart` of a processor see them.
 */
export function withWantedTraceIds(provider: TracerProvider, ids: SlotIdGenerator): TracerProvider {
  return {
    getTracer(name, version, options) {
      return wrapTracer(provider.getTracer(name, version, options), ids);
    },
  };
}

function wrapTracer(tracer: Tracer, ids: SlotIdGenerator): Tracer {
  return {
    startSpan(name, options = {}, ctx: Context = context.active()) {
      const correlation = findCorrelation(ctx);
      if (!correlation) return tracer.startSpan(name, options, ctx);
      const { links, attributes = NONE } = options;
      const bare: SpanOptions = { ...options, attributes: NONE };
      if (correlation.link) bare.links = [...(links ?? []), { context: correlation.link }];
      ids.want(correlation.traceId);
      try {
        const span = tracer.startSpan(name, bare, ctx);
        // The SDK would check and copy them even for a span that it then drops.
        if (span.isRecording()) {
          span.setAttributes(attributes).setAttribute(ATTR_CORRELATION_ID, correlation.id);
        }
        return span;
      } finally {
        ids.want(undefined);
      }
    },
    startActiveSpan: tracer.startActiveSpan.bind(tracer),
  };
}

/** Redacts spans before they are exported, ours and those of every instrumentation. */
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Redactor } from '../privacy/redactor.ts';

/**
 * Redacts names, attributes, events, links and status messages, but neither trace and span IDs nor the
 * resource, which the operator sets. It runs after the batch processor, so no call waits for it.
 */
export function redactingExporter(exporter: SpanExporter, redactor: Redactor): SpanExporter {
  return {
    export(spans, done) {
      exporter.export(
        spans.map((span) => redactSpan(span, redactor)),
        done,
      );
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** The parts of a span that can hold text from outside. */
function shownBy({ name, attributes, events, status, links }: ReadableSpan) {
  return { name, attributes, events, status, links: links.map((link) => link.attributes) };
}

function redactSpan(span: ReadableSpan, { value }: Redactor): ReadableSpan {
  const shown = shownBy(span);
  const clean = value(shown);
  return clean === shown ? span : copyOf(span, clean);
}

/** An ended span cannot be changed, and a spread would miss its getters, so each field is copied. */
function copyOf(span: ReadableSpan, { links, ...shown }: ReturnType<typeof shownBy>): ReadableSpan {
  return {
    ...shown,
    links: span.links.map((link, i) => ({ ...link, attributes: links[i] ?? {} })),
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

/** Redacts spans on their way out: ours and those of every instrumentation pass here. */
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Redactor } from '../privacy/redactor.ts';

/**
 * Stands behind the batch processor, so that no call waits for it. Names, attributes, events, links and
 * status messages are redacted; trace and span IDs, and the resource, which is ours, are not.
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

/** What a span shows besides its IDs, times and counts. */
function shownBy({ name, attributes, events, status, links }: ReadableSpan) {
  return { name, attributes, events, status, links: links.map((link) => link.attributes) };
}

function redactSpan(span: ReadableSpan, { value }: Redactor): ReadableSpan {
  const shown = shownBy(span);
  const clean = value(shown);
  return clean === shown ? span : copyOf(span, clean);
}

/** A span cannot be changed when it has ended, and its fields may be getters. */
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

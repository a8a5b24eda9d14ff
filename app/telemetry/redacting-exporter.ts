/** Redacts spans on their way out: ours and those of every instrumentation pass here. */
import type { ReadableSpan, SpanExporter, TimedEvent } from '@opentelemetry/sdk-trace';
import type { Redactor } from './redaction.ts';

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

/** A span that has ended is still its processor's, so it is copied; its fields may be getters. */
function redactSpan(span: ReadableSpan, redactor: Redactor): ReadableSpan {
  const { text, value } = redactor;
  const { status } = span;
  return {
    name: text(span.name),
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: status.message ? { ...status, message: text(status.message) } : status,
    attributes: value(span.attributes),
    links: span.links.map((link) =>
      link.attributes ? { ...link, attributes: value(link.attributes) } : link,
    ),
    events: span.events.map((event) => redactEvent(event, redactor)),
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

function redactEvent(event: TimedEvent, { text, value }: Redactor): TimedEvent {
  const attributes = event.attributes && value(event.attributes);
  return { ...event, name: text(event.name), ...(attributes && { attributes }) };
}

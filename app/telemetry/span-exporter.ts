/** Exports spans by OTLP over HTTP, redacted: ours and those of every instrumentation. */
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Redactor } from '../privacy/redactor.ts';
import { createSpanEncoder } from './span-encoder.ts';

/** How the SDK would name this exporter in its metrics; this one has none, the batch processor counts its spans. */
const COMPONENT_TYPE = 'otlp_http_span_exporter';

interface Encoded {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/**
 * OpenTelemetry's OTLP exporter with an encoder of our own: settings (`OTEL_EXPORTER_OTLP_*`), retries and limits are
 * those of the SDK. Names, attributes, events, links and status messages are redacted, but neither trace and span IDs
 * nor the resource, which the operator sets. It runs after the batch processor, so no call waits for it.
 */
export function createSpanExporter(redactor: Redactor): SpanExporter {
  const encode = createSpanEncoder(redactor);
  const settings = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', {
    'Content-Type': 'application/x-protobuf',
  });
  // It gets bytes and not spans, which it would show to a logger of the SDK before they are redacted.
  const delegate = createOtlpHttpExportDelegate(
    settings,
    {
      serializeRequest: ({ bytes }: Encoded) => bytes,
      deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
    },
    COMPONENT_TYPE,
    { name: 'span', countItems: ({ count }) => count },
    undefined,
  );
  return {
    export: (spans, done) => delegate.export({ bytes: encode(spans), count: spans.length }, done),
    forceFlush: () => delegate.forceFlush(),
    shutdown: () => delegate.shutdown(),
  };
}

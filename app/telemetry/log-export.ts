/**
 * Exports the service's log lines by OTLP, besides standard output. It takes finished lines, or what a line was made
 * of in which nothing had to be hidden, so that what leaves has passed the same redaction. https://opentelemetry.io/docs/specs/otel/logs/data-model/
 */
import {
  type LogRecord,
  type Logger as LogsLogger,
  metrics,
  ROOT_CONTEXT,
  SeverityNumber,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import type { Level } from 'pino';
import { SCOPE_NAME } from './attributes.ts';
import type { LogSink, PlainFields } from './log-sink.ts';

const SEVERITY: Readonly<Record<Level, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** This is about a second of lines at full load; lines beyond it are dropped and counted. */
const QUEUE_LINES = 8_192;

type LogAttributes = NonNullable<LogRecord['attributes']>;

/** A line of `logger.ts`; fields that are not named here become attributes. */
interface Line {
  readonly level: Level;
  /** RFC 3339. */
  readonly time: string;
  /** The resource has it already. */
  readonly service: string;
  readonly msg?: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly [attribute: string]: unknown;
}

/** A running export of log lines. */
export interface LogExport {
  readonly sink: LogSink;
  /** Exports what is left. Rejects when the collector cannot be reached. */
  shutdown(): Promise<void>;
}

/** @returns a sink that turns each line into a log record; a text that is not JSON is dropped */
export function recordingSink(logger: LogsLogger): LogSink {
  return {
    write(text) {
      const line = parse(text);
      if (line) emit(logger, line);
    },
    record({ atMs, msg, correlationId, span, fields }) {
      logger.emit({
        timestamp: new Date(atMs),
        severityText: 'info',
        severityNumber: SEVERITY.info,
        body: msg,
        attributes: attributesOf(correlationId, fields),
        ...(span && { context: contextOf(span.traceId, span.spanId) }),
      });
    },
  };
}

/** The same as of the line's JSON, which has no undefined, no NaN and no negative zero. */
function attributesOf(correlationId: string | undefined, fields: PlainFields): LogAttributes {
  const attributes: LogAttributes = {};
  if (correlationId !== undefined) attributes['correlation_id'] = correlationId;
  for (const name in fields) {
    const value = fields[name];
    if (typeof value === 'number') attributes[name] = Number.isFinite(value) ? value + 0 : null;
    else if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

function emit(logger: LogsLogger, line: Line): void {
  const { level, time, service: _, msg, trace_id: traceId, span_id: spanId, ...attributes } = line;
  logger.emit({
    timestamp: new Date(time),
    severityText: level,
    severityNumber: SEVERITY[level],
    body: msg ?? '',
    // The line was parsed from JSON, so its values are plain data at every depth.
    attributes: attributes as LogAttributes,
    ...(traceId && spanId && { context: contextOf(traceId, spanId) }),
  });
}

/**
 * Fills the record's own trace fields, because log stores look there and not at attributes. A line does
 * not say whether its trace is sampled, so neither does the record.
 */
function contextOf(traceId: string, spanId: string) {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.NONE });
}

/**
 * Starts exporting in batches to `OTEL_EXPORTER_OTLP_ENDPOINT`, which the exporter reads itself. A full
 * queue drops lines and a dead collector loses them; neither delays a call, and the SDK counts both
 * (`otel_sdk_processor_log_processed`, `otel_sdk_exporter_log_*`). Call it after the metrics have started.
 */
export function startLogExport({ resource }: { readonly resource: Resource }): LogExport {
  const meterProvider = metrics.getMeterProvider();
  const processor = new BatchLogRecordProcessor({
    exporter: new OTLPLogExporter(),
    maxQueueSize: QUEUE_LINES,
    selfObsMeterProvider: meterProvider,
  });
  const provider = new LoggerProvider({ resource, processors: [processor], meterProvider });
  return {
    sink: recordingSink(provider.getLogger(SCOPE_NAME)),
    shutdown: () => provider.shutdown(),
  };
}

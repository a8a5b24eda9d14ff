/**
 * Sends the service's log lines on by OTLP, beside standard output. It takes finished lines, so what
 * leaves has passed the same redaction. https://opentelemetry.io/docs/specs/otel/logs/data-model/
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
import type { LogSink } from './logger.ts';

const SEVERITY: Readonly<Record<Level, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** About a second of lines at full load; what is over is dropped and counted. */
const QUEUE_LINES = 8_192;

/** A line of `logger.ts`: what is not named becomes attributes. */
interface Line {
  readonly level: Level;
  /** RFC 3339. */
  readonly time: string;
  /** Stands in the resource. */
  readonly service: string;
  readonly msg?: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly [attribute: string]: unknown;
}

/** Where log lines go besides standard output. */
export interface LogExport {
  readonly sink: LogSink;
  /** Sends what is left. Rejects when the collector cannot be reached. */
  shutdown(): Promise<void>;
}

/** @returns a sink that turns each line into a log record; a line that is no JSON is dropped */
export function recordingSink(logger: LogsLogger): LogSink {
  return {
    write(text) {
      const line = parse(text);
      if (line) emit(logger, line);
    },
  };
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
    // Parsed JSON, so plain data all the way down.
    attributes: attributes as NonNullable<LogRecord['attributes']>,
    ...(traceId && spanId && { context: contextOf(traceId, spanId) }),
  });
}

/**
 * The record's own trace fields: a log store finds it by them, not by an attribute. A line does not say
 * whether its trace is sampled, so neither does the record.
 */
function contextOf(traceId: string, spanId: string) {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.NONE });
}

/**
 * Starts sending in batches. A full queue drops lines and a dead collector loses them; neither holds
 * up a call, and the SDK counts both (`otel_sdk_processor_log_processed`, `otel_sdk_exporter_log_*`).
 * Call it after the metrics have started.
 */
export function startLogExport(options: {
  /** The full URL, `/v1/logs` included. */
  readonly url: string;
  readonly resource: Resource;
}): LogExport {
  const meterProvider = metrics.getMeterProvider();
  const processor = new BatchLogRecordProcessor({
    exporter: new OTLPLogExporter({ url: options.url }),
    maxQueueSize: QUEUE_LINES,
    selfObsMeterProvider: meterProvider,
  });
  const { resource } = options;
  const provider = new LoggerProvider({ resource, processors: [processor], meterProvider });
  return {
    sink: recordingSink(provider.getLogger('claude-observatory')),
    shutdown: () => provider.shutdown(),
  };
}

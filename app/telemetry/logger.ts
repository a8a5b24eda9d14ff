/** Structured JSON logs (pino), each line with its correlation and trace IDs, none with a secret. */
import { trace } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';
import { findCorrelation } from './correlation.ts';

export type { Logger };

/** Where finished lines go: standard output and the exporter in the service, an array in tests. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: string;
  readonly service: string;
  /** Exact texts that no line may hold, however they got into it. */
  readonly secrets: readonly string[];
  readonly sinks: readonly LogSink[];
}

const CENSOR = '[redacted]';
const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'cookie', 'set-cookie'];

/**
 * Hides secrets in finished lines: the last gate, for what no path or serialiser foresaw (an error
 * message, a stack, a header in an unknown place).
 */
export function redactLines(sinks: readonly LogSink[], secrets: readonly string[]): LogSink {
  const needles = secrets.flatMap((s) => [s, JSON.stringify(s).slice(1, -1)]);
  return {
    write(line) {
      let clean = line;
      for (const needle of needles) clean = clean.replaceAll(needle, CENSOR);
      for (const sink of sinks) sink.write(clean);
    },
  };
}

/** IDs of the request being served, for every line written while it is. */
function requestIds(): Record<string, string> {
  const correlation = findCorrelation();
  const span = trace.getActiveSpan()?.spanContext();
  return {
    ...(correlation && { correlation_id: correlation.id }),
    ...(span && { trace_id: span.traceId, span_id: span.spanId }),
  };
}

/** @returns the service's logger; levels are words, times RFC 3339 */
export function createLogger({ level, service, secrets, sinks }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: requestIds,
      redact: {
        paths: CREDENTIAL_HEADERS.flatMap((h) => [`headers["${h}"]`, `*.headers["${h}"]`]),
        censor: CENSOR,
      },
    },
    redactLines(sinks, secrets),
  );
}

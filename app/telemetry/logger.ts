/** Structured JSON logs by pino: each line has its correlation and trace IDs, and none has a secret. */
import { trace } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';
import type { Redactor } from '../privacy/redactor.ts';
import { findCorrelation } from './correlation.ts';

export type { Logger };

/** A destination of finished lines: standard output or the exporter, and an array in tests. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: string;
  readonly service: string;
  readonly redactor: Pick<Redactor, 'line'>;
  readonly sinks: readonly LogSink[];
}

/**
 * Redacts finished lines, because no list of paths or serialisers can foresee where a secret appears: in an
 * error message, a stack, a header in an unknown place.
 */
export function redactLines(sinks: readonly LogSink[], redactor: Pick<Redactor, 'line'>): LogSink {
  return {
    write(line) {
      const clean = redactor.line(line);
      for (const sink of sinks) sink.write(clean);
    },
  };
}

/** The IDs of the request being served, which pino adds to every line. */
function requestIds(): Record<string, string> {
  const correlation = findCorrelation();
  const span = trace.getActiveSpan()?.spanContext();
  return {
    ...(correlation && { correlation_id: correlation.id }),
    ...(span && { trace_id: span.traceId, span_id: span.spanId }),
  };
}

/** @returns the service's logger; levels are words, times RFC 3339 */
export function createLogger({ level, service, redactor, sinks }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: requestIds,
    },
    redactLines(sinks, redactor),
  );
}

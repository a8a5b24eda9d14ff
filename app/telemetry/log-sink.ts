/** A sink takes log lines: it is an output, an exporter, or an array in tests. */
import type { SpanContext } from '@opentelemetry/api';

export type Counts = Readonly<Record<string, number>>;

/** Fields of a line that need no serialiser of their own; those that are undefined are left out. */
export type PlainFields = Readonly<Record<string, string | number | boolean | Counts | undefined>>;

/** The messages of these lines: none needs an escape. */
export type PlainMessage = 'call' | 'request';

/** A line of plain fields, as what it was made of. Its level is `info`. */
export interface PlainLine {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly msg: PlainMessage;
  readonly correlationId: string | undefined;
  readonly span: SpanContext | undefined;
  readonly fields: PlainFields;
}

/** A destination of finished, redacted lines. */
export interface LogSink {
  /** @param line with its newline */
  write(line: string): void;
  /** Takes a line in which nothing had to be hidden: what it was made of, in place of its text. */
  record?(line: PlainLine): void;
  /** Passes on at once what it has gathered. */
  flushSync?(): void;
}

/**
 * Makes log lines of plain fields by hand: the bytes and the redaction are those of pino's lines, without what those
 * cost. The two lines of every call are made here; all others are pino's.
 */
import { type Context, trace } from '@opentelemetry/api';
import { MIN_LONG_NUMBER, type Redactor } from '../privacy/redactor.ts';
import { ID_FIELDS, PLAIN_ID, SECRET_FIELD } from '../privacy/rules.ts';
import { findCorrelation } from './correlation.ts';
import type { Counts, LogSink, PlainFields, PlainMessage } from './log-sink.ts';

/** Fields that only ever hold words of the service's own. The rules read all others, whoever wrote what is in them. */
const OWN_WORDS: ReadonlySet<string> = new Set([
  'operation',
  'stream',
  'outcome',
  'method',
  'route',
]);

/** Most names of models, callers and clients come again and again; so many of them are kept. */
const MAX_KNOWN = 1_000;
const MAX_KNOWN_LENGTH = 128;

/** pino leaves texts beyond this length to `JSON.stringify`, which escapes halves of surrogate pairs too. */
const MAX_COPIED = 100;
/** The characters below the space: those that JSON writes as `\n` or `\u0000`. */
const CONTROL = /[^ -\uffff]/;
const ESCAPED = /["\\]|[^ -\uffff]/;

/** The time of a line: lines of one millisecond share theirs. */
export interface LineTime {
  readonly atMs: number;
  /** RFC 3339. */
  readonly iso: string;
}

export interface PlainLineOptions {
  readonly service: string;
  readonly redactor: Pick<Redactor, 'line' | 'text'>;
  readonly sinks: readonly LogSink[];
  readonly now: () => LineTime;
}

/** @returns a function that writes a line at level `info`, with the IDs of the context */
export function createPlainLines({ service, redactor, sinks, now }: PlainLineOptions) {
  const isClean = rememberClean((text) => redactor.text(text) === text);
  const ofService = JSON.stringify(service);
  return (fields: PlainFields, msg: PlainMessage, ctx: Context): void => {
    const { atMs, iso } = now();
    const correlationId = findCorrelation(ctx)?.id;
    const span = trace.getSpan(ctx)?.spanContext();
    const line = new Line(`{"level":"info","time":"${iso}","service":${ofService}`, isClean);
    line.isClean = isClean('service', service, ofService);
    line.add('correlation_id', correlationId);
    line.add('trace_id', span?.traceId);
    line.add('span_id', span?.spanId);
    for (const name in fields) line.add(name, fields[name]);
    const text = `${line.text},"msg":"${msg}"}\n`;
    const clean = redactor.line(text, line.isClean);
    for (const sink of sinks) {
      if (sink.record && clean === text) sink.record({ atMs, msg, correlationId, span, fields });
      else sink.write(clean);
    }
  };
}

/** @returns whether the rules find nothing in a field, and known secrets only where they are in its JSON as they are */
type IsClean = (name: string, text: string, json: string) => boolean;

type Kind = 'own words' | 'ID' | 'secret' | 'text';

/** @returns the test of fields; a text that it has found to be clean is not read again, nor is a plain ID */
function rememberClean(isClean: (text: string) => boolean): IsClean {
  const kinds = new Map<string, Kind>();
  const known = new Set<string>();
  const kindOf = (name: string) => {
    const kind = findKind(name);
    kinds.set(name, kind);
    return kind;
  };
  return (name, text, json) => {
    const kind = kinds.get(name) ?? kindOf(name);
    if (kind === 'own words') return true;
    if (kind === 'secret') return false;
    // An escape may stand within a secret.
    if (json.length > text.length + 2) return isClean(text);
    if (kind === 'ID') return PLAIN_ID.test(text) || isClean(text);
    if (known.has(text)) return true;
    if (!isClean(text)) return false;
    if (known.size === MAX_KNOWN) known.clear();
    // A copy, because a text that was cut from a long one keeps that in memory.
    if (text.length <= MAX_KNOWN_LENGTH) known.add(JSON.parse(json));
    return true;
  };
}

function findKind(name: string): Kind {
  if (OWN_WORDS.has(name)) return 'own words';
  if (ID_FIELDS.has(name)) return 'ID';
  return SECRET_FIELD.test(name) ? 'secret' : 'text';
}

class Line {
  text: string;
  /** Whether nothing was found in the fields so far. */
  isClean = true;
  readonly #isClean: IsClean;

  constructor(text: string, isClean: IsClean) {
    this.text = text;
    this.#isClean = isClean;
  }

  add(name: string, value: PlainFields[string]): void {
    if (value === undefined) return;
    if (typeof value === 'string') {
      const json = quoted(value);
      this.text += `,"${name}":${json}`;
      if (!this.#isClean(name, value, json)) this.isClean = false;
    } else if (typeof value === 'number') this.text += `,"${name}":${this.#number(value)}`;
    else if (typeof value === 'object') this.text += `,"${name}":{${this.#counts(value)}}`;
    else this.text += `,"${name}":${value}`;
  }

  #counts(counts: Counts): string {
    let text = '';
    for (const name in counts) {
      text += `${text === '' ? '' : ','}"${name}":${this.#number(counts[name] ?? 0)}`;
    }
    return text;
  }

  /** Long numbers may be those of cards: the usage of an answer is what its upstream says. */
  #number(value: number): string {
    if (value >= MIN_LONG_NUMBER) this.isClean = false;
    return Number.isFinite(value) ? `${value}` : 'null';
  }
}

/** Writes a text as pino does. */
function quoted(text: string): string {
  if (text.length > MAX_COPIED) return JSON.stringify(text);
  if (!ESCAPED.test(text)) return `"${text}"`;
  if (CONTROL.test(text)) return JSON.stringify(text);
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

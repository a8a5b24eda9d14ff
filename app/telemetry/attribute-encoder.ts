/**
 * Encodes the attributes of spans as OTLP's `KeyValue`, redacted. Most names and texts come again and again: those in
 * which the rules found nothing are kept, as bytes, and are neither read nor encoded again.
 */
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { MIN_LONG_NUMBER, type Redactor } from '../privacy/redactor.ts';
import { CENSOR, ID_FIELDS } from '../privacy/rules.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** How many names and texts are kept, and their greatest length. */
const MAX_KNOWN = 1_000;
const MAX_KNOWN_LENGTH = 128;

/** Numbers of the fields of `AnyValue`. */
const STRING = 1;
const BOOL = 2;
const INT = 3;
const DOUBLE = 4;
const ARRAY = 5;
const MAP = 6;
const BYTES = 7;

/** The name of an attribute. */
interface Name {
  readonly bytes: Uint8Array;
  /** Whether something in the name itself is to be hidden. */
  readonly isHidden: boolean;
  /** Whether its value is hidden, whatever it is. */
  readonly isSecret: boolean;
  /** Whether its values are IDs, which hardly ever come again. */
  readonly isId: boolean;
}

export class AttributeEncoder {
  readonly #redactor: Redactor;
  readonly #names = new Map<string, Name>();
  /** Texts in which nothing is to be hidden. */
  readonly #texts = new Map<string, Uint8Array>();
  #secrets: Iterable<string> | undefined;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** To be called before each batch: what was clean may hold a secret that has become known since. */
  refresh(): void {
    const secrets = this.#redactor.known();
    if (secrets === this.#secrets) return;
    this.#secrets = secrets;
    this.#names.clear();
    this.#texts.clear();
  }

  /** Writes a text that is no attribute, such as the name of a span. */
  text(out: ProtobufWriter, field: number, text: string): void {
    const known = this.#texts.get(text);
    if (known) {
      out.bytes(field, known);
      return;
    }
    const shown = this.#redactor.text(text);
    if (shown === text) this.#learn(text);
    out.string(field, shown);
  }

  /** Writes a `KeyValue` for each attribute. */
  write(out: ProtobufWriter, field: number, attributes: Attributes = {}): void {
    const isHidden = Object.keys(attributes).some((key) => this.#nameOf(key).isHidden);
    // Two names may become one, which has to stand there once.
    const shown = isHidden ? this.#redactor.value(attributes) : attributes;
    for (const key of Object.keys(shown)) {
      const name = this.#nameOf(key);
      const begun = out.begin(field);
      out.bytes(1, name.bytes);
      const inner = out.begin(2);
      this.#value(out, name, key, shown[key]);
      out.end(inner);
      out.end(begun);
    }
  }

  #value(out: ProtobufWriter, name: Name, key: string, value: AttributeValue | undefined): void {
    if (name.isSecret) out.string(STRING, CENSOR);
    else if (typeof value === 'string') this.#textOf(out, name, key, value);
    else if (isPlain(value)) writeAny(out, value);
    else if (Array.isArray(value) && value.length === 1) this.#only(out, name, key, value[0]);
    else writeAny(out, this.#redactor.field(key, value));
  }

  #textOf(out: ProtobufWriter, name: Name, key: string, text: string): void {
    const known = this.#texts.get(text);
    if (known) {
      out.bytes(STRING, known);
      return;
    }
    const shown = this.#redactor.field(key, text);
    if (shown === text && !name.isId) this.#learn(text);
    writeAny(out, shown);
  }

  /** Writes a list of one value. */
  #only(out: ProtobufWriter, name: Name, key: string, value: AttributeValue | undefined): void {
    const begun = out.begin(ARRAY);
    const inner = out.begin(1);
    this.#value(out, name, key, value);
    out.end(inner);
    out.end(begun);
  }

  #nameOf(key: string): Name {
    const known = this.#names.get(key);
    if (known) return known;
    const shown = this.#redactor.text(key);
    const bytes = Buffer.from(shown);
    // A number is hidden only for the name of its field.
    const isSecret = this.#redactor.field(key, 0) !== 0;
    const name = { bytes, isHidden: shown !== key, isSecret, isId: ID_FIELDS.has(key) };
    keep(this.#names, key, Buffer.from(key), name);
    return name;
  }

  #learn(text: string): void {
    const bytes = Buffer.from(text);
    keep(this.#texts, text, bytes, bytes);
  }
}

function keep<T>(known: Map<string, T>, text: string, bytes: Buffer, value: T): void {
  if (text.length > MAX_KNOWN_LENGTH) return;
  // A copy is kept, because a text that was cut from a long one keeps that in memory. It differs from a text with half
  // of a surrogate pair, which is not kept.
  const copy = bytes.toString();
  if (copy !== text) return;
  if (known.size === MAX_KNOWN) known.clear();
  known.set(copy, value);
}

/** @returns whether nothing can be hidden in a value: phone and card numbers are longer */
function isPlain(value: unknown): boolean {
  return typeof value === 'number' ? value < MIN_LONG_NUMBER : typeof value === 'boolean';
}

/** Writes an `AnyValue`, which stays empty for a value that OTLP does not have. */
export function writeAny(out: ProtobufWriter, value: unknown): void {
  if (typeof value === 'string') out.string(STRING, value);
  else if (typeof value === 'boolean') out.int(BOOL, value ? 1 : 0);
  else if (typeof value === 'number') writeNumber(out, value);
  else if (value instanceof Uint8Array) out.bytes(BYTES, value);
  else if (Array.isArray(value)) writeArray(out, value);
  else if (typeof value === 'object' && value !== null) writeMap(out, value);
}

function writeNumber(out: ProtobufWriter, value: number): void {
  const isInt64 = Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
  if (isInt64) out.int(INT, value);
  else out.double(DOUBLE, value);
}

function writeArray(out: ProtobufWriter, values: readonly unknown[]): void {
  const begun = out.begin(ARRAY);
  for (const value of values) {
    const inner = out.begin(1);
    writeAny(out, value);
    out.end(inner);
  }
  out.end(begun);
}

function writeMap(out: ProtobufWriter, values: object): void {
  const begun = out.begin(MAP);
  for (const [key, value] of Object.entries(values)) {
    const pair = out.begin(1);
    out.string(1, key);
    const inner = out.begin(2);
    writeAny(out, value);
    out.end(inner);
    out.end(pair);
  }
  out.end(begun);
}

/** Writes messages of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/ */

/** Where a message that is being written began. */
export type Begun = number;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const TWO_32 = 2 ** 32;

/** Longer texts are copied by the runtime: a call of it costs about as much as a loop over this many characters. */
const MAX_LOOPED = 24;
/** The characters beyond ASCII, which take several bytes. */
const FIRST_LONG = 0x80;

/**
 * Each method writes a whole field, except `begin` and `end`, between which the fields of a nested message are written.
 * Nothing is left out: a caller that wants no default values does not write them.
 */
export class ProtobufWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param size bytes to begin with */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** @returns the bytes written so far; it holds no copy of them, so nothing may be written afterwards */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** @param value a whole number, of which the lowest 64 bits count */
  int(field: number, value: number): void {
    this.#tag(field, VARINT);
    if (value >= 0 && value < TWO_32) this.#varint(value);
    else this.#longVarint(value);
  }

  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** @param high the upper 32 bits @param low the lower 32 bits */
  fixed64(field: number, high: number, low: number): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#at = this.#bytes.writeUInt32LE(high, this.#bytes.writeUInt32LE(low, this.#at));
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, FIXED32);
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#tag(field, LENGTH);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** @param hex hexadecimal digits, written as bytes; what is no such digit ends them, and zeros follow */
  hex(field: number, hex: string): void {
    const length = hex.length >>> 1;
    this.#tag(field, LENGTH);
    this.#varint(length);
    this.#reserve(length);
    const written = this.#bytes.write(hex, this.#at, length, 'hex');
    if (written < length) this.#bytes.fill(0, this.#at + written, this.#at + length);
    this.#at += length;
  }

  /** Half of a surrogate pair is written as U+FFFD. */
  string(field: number, text: string): void {
    this.#tag(field, LENGTH);
    if (text.length > MAX_LOOPED || !this.#ascii(text)) this.#utf8(text);
  }

  begin(field: number): Begun {
    this.#tag(field, LENGTH);
    this.#reserve(1);
    this.#at += 1;
    return this.#at;
  }

  /** Writes the length before the message, for which most messages need one byte; others are moved. */
  end(begun: Begun): void {
    const length = this.#at - begun;
    if (length < FIRST_LONG) {
      this.#bytes[begun - 1] = length;
      return;
    }
    const more = sizeOf(length) - 1;
    this.#reserve(more);
    this.#bytes.copyWithin(begun + more, begun, this.#at);
    this.#at = begun - 1;
    this.#varint(length);
    this.#at += length;
  }

  /** @returns whether the text is ASCII, and written with its length; nothing is written of another */
  #ascii(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const from = this.#at + 1;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code >= FIRST_LONG) return false;
      bytes[from + i] = code;
    }
    bytes[from - 1] = length;
    this.#at = from + length;
    return true;
  }

  #utf8(text: string): void {
    const length = Buffer.byteLength(text);
    this.#varint(length);
    this.#reserve(length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  #varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= FIRST_LONG) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #longVarint(value: number): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  #reserve(size: number): void {
    const needed = this.#at + size;
    if (needed <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(bytes, 0, 0, this.#at);
    this.#bytes = bytes;
  }
}

/** @returns how many bytes a length takes as a varint */
function sizeOf(length: number): number {
  let size = 1;
  for (let rest = length; rest >= FIRST_LONG; rest >>>= 7) size += 1;
  return size;
}

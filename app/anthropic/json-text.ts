/**
 * Finds where the parts of a JSON text stand, so that they can be passed on as they were written: a value
 * that is parsed and serialised again loses digits of its numbers, duplicate keys and its escapes.
 * Grammar: RFC 8259.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A part of a text, from `start` up to but not including `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of an object: its key as it is read, and where its value stands. */
export interface Member extends Span {
  readonly key: string;
}

/** How large the values of a JSON text are, before anything is created for them. */
export interface JsonSize {
  /** Levels of lists and objects inside each other. */
  readonly depth: number;
  /** Lists, objects, and their elements: at least the number of values that a parser would create. */
  readonly values: number;
}

/**
 * Counts without parsing, in one pass that skips texts at native speed.
 * @param bytes UTF-8; of a text that is not JSON the counts mean nothing
 */
export function sizeOfJson(bytes: Buffer): JsonSize {
  let level = 0;
  let depth = 0;
  let values = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) i = endOfText(bytes, i);
    else if (byte === COMMA) values += 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      values += 1;
      level += 1;
      if (level > depth) depth = level;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) level -= 1;
  }
  return { depth, values };
}

/** @returns the index of the closing quote of the text that begins at `from`, or the end of the bytes */
function endOfText(bytes: Buffer, from: number): number {
  for (let quote = bytes.indexOf(QUOTE, from + 1); quote >= 0; ) {
    let backslashes = 0;
    while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    quote = bytes.indexOf(QUOTE, quote + 1);
  }
  return bytes.length;
}

/**
 * The members of an object, in order, with duplicates: parsers take the last of equal keys.
 * @param text valid JSON
 * @param at where the object begins, or whitespace before it
 */
export function membersOf(text: string, at = 0): readonly Member[] {
  const members: Member[] = [];
  let i = skipSpace(text, skipSpace(text, at) + 1);
  while (text.charCodeAt(i) === QUOTE) {
    const endOfKey = skipText(text, i);
    const key = JSON.parse(text.slice(i, endOfKey)) as string;
    // Past the colon.
    const start = skipSpace(text, skipSpace(text, endOfKey) + 1);
    const end = skipValue(text, start);
    members.push({ key, start, end });
    i = afterComma(text, end);
  }
  return members;
}

/**
 * The elements of a list, in order.
 * @param text valid JSON
 * @param at where the list begins, or whitespace before it
 */
export function elementsOf(text: string, at = 0): readonly Span[] {
  const elements: Span[] = [];
  let start = skipSpace(text, skipSpace(text, at) + 1);
  while (text.charCodeAt(start) !== CLOSE_LIST) {
    const end = skipValue(text, start);
    elements.push({ start, end });
    start = afterComma(text, end);
  }
  return elements;
}

/** @returns the member of this key that a parser takes, the last one */
export function memberOf(text: string, key: string, at = 0): Member | undefined {
  return membersOf(text, at).findLast((member) => member.key === key);
}

/** Replaces the value of every member of this key; the rest stays as it was written. */
export function replaceMember(text: string, key: string, value: string): string {
  let replaced = '';
  let from = 0;
  for (const member of membersOf(text)) {
    if (member.key !== key) continue;
    replaced += text.slice(from, member.start) + value;
    from = member.end;
  }
  return replaced + text.slice(from);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (isSpace(text.charCodeAt(i))) i += 1;
  return i;
}

function afterComma(text: string, at: number): number {
  const i = skipSpace(text, at);
  return text.charCodeAt(i) === COMMA ? skipSpace(text, i + 1) : i;
}

/** @returns the index behind the closing quote of the text that begins at `at` */
function skipText(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** @returns the index behind the value that begins at `at`, however deep it is nested */
function skipValue(text: string, at: number): number {
  let level = 0;
  let i = at;
  do {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = skipText(text, i);
      continue;
    }
    if (code === OPEN_LIST || code === OPEN_OBJECT) level += 1;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) level -= 1;
    else if (level === 0) return endOfWord(text, i);
    i += 1;
  } while (level > 0 && i < text.length);
  return i;
}

/** @returns the index behind a number, `true`, `false` or `null` */
function endOfWord(text: string, at: number): number {
  let i = at;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isSpace(code) || code === COMMA || code === CLOSE_LIST || code === CLOSE_OBJECT) break;
  }
  return i;
}

/** A text as it reads once the escapes of JSON, URLs and HTML in it are decoded, with each character's place. */

/** Escapes in escapes are decoded too, this many layers deep. */
const MAX_LAYERS = 3;

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  equals: '=',
  gt: '>',
  lowbar: '_',
  lt: '<',
  plus: '+',
  quot: '"',
  sol: '/',
};

/** `\u0073`, `\x73`, `\/`, `%73`, `&#115;`, `&#x73;`, `&sol;`, in any case; JSON in JSON doubles backslashes. */
const ESCAPE = new RegExp(
  String.raw`(?<!\\)\\+(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(\/))|%([0-9a-f]{2})|&#x0{0,8}([0-9a-f]{1,4});?|&#0{0,8}([0-9]{1,5});?|&(${Object.keys(NAMED).join('|')});`,
  'gi',
);
const HAS_ESCAPE = new RegExp(ESCAPE.source, 'i');

export interface Unescaped {
  readonly text: string;
  /** @returns where the character at this index begins in the original */
  begin(index: number): number;
  /** @returns where the character at this index ends in the original */
  end(index: number): number;
}

/** @returns undefined where nothing is escaped, as in most texts, which a single search finds out */
export function unescaped(text: string): Unescaped | undefined {
  if (!HAS_ESCAPE.test(text)) return undefined;
  let layer = decode(text);
  for (let i = 1; i < MAX_LAYERS && HAS_ESCAPE.test(layer.text); i++) {
    const outer = layer;
    const inner = decode(outer.text);
    layer = {
      text: inner.text,
      begin: (index) => outer.begin(inner.begin(index)),
      end: (index) => outer.end(inner.end(index) - 1),
    };
  }
  return layer;
}

function decode(text: string): Unescaped {
  /** The escapes in order: their index in the decoded text, and how many characters each has lost so far. */
  const indexes: number[] = [];
  const ends: number[] = [];
  let decoded = '';
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    decoded += text.slice(from, match.index);
    indexes.push(decoded.length);
    decoded += characterOf(match);
    from = match.index + match[0].length;
    ends.push(from);
  }
  const end = (index: number) => {
    const last = lastAtOrBefore(indexes, index);
    return (ends[last] ?? 0) + index - (indexes[last] ?? -1);
  };
  return {
    text: decoded + text.slice(from),
    end,
    begin: (index) => (index > 0 ? end(index - 1) : 0),
  };
}

function characterOf([found, u, x, slash, percent, hex, decimal, name]: RegExpExecArray): string {
  if (slash !== undefined) return slash;
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? found;
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  return String.fromCharCode(Number.parseInt(u ?? x ?? percent ?? hex ?? '', 16));
}

/** @returns -1 where all are greater */
function lastAtOrBefore(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

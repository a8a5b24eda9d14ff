/** Reads a body so that its numbers stay as they were written, and changes the texts in it. */

/** https://github.com/tc39/proposal-json-parse-with-source, which TypeScript's library lacks so far. */
const exact = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};

/** Blocks that the upstream has signed: it rejects one that comes back changed. */
const SIGNED: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);
/** Fields of a block that hold its text, or inner blocks. */
const TEXTS: ReadonlySet<string> = new Set([
  'content',
  'text',
  'title',
  'context',
  'source',
  'citations',
  'cited_text',
  'document_title',
]);

/**
 * @throws {SyntaxError} for a text that is not JSON
 * @throws {RangeError} for JSON that is nested too deeply
 */
export function parseExactly(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? exact.rawJSON(source)
      : value,
  );
}

type Change = (text: string) => string;
type Fields = readonly (readonly [string, unknown])[];

/**
 * Changes every string and key, but not in signed blocks.
 * @returns the value itself where nothing has changed
 */
export function mapStrings(value: unknown, change: Change): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return mapList(value, (item) => mapStrings(item, change));
  return mapFields(value, (key, field) => [change(key), mapStrings(field, change)]);
}

/** Changes the texts of a content, a block, a message, or a list of them, and all of a tool's input. */
export function mapTexts(value: unknown, change: Change): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return mapList(value, (item) => mapTexts(item, change));
  return mapFields(value, (key, field, type) => {
    if (key === 'input') return [key, mapStrings(field, change)];
    // A text document has its text in `data`; an image has base64 there.
    const isText = TEXTS.has(key) || (key === 'data' && type === 'text');
    return [key, isText ? mapTexts(field, change) : field];
  });
}

function mapList(list: readonly unknown[], map: (item: unknown) => unknown): readonly unknown[] {
  const mapped = list.map(map);
  return mapped.some((item, i) => item !== list[i]) ? mapped : list;
}

function mapFields(
  value: unknown,
  map: (key: string, field: unknown, type: unknown) => readonly [string, unknown],
): unknown {
  if (typeof value !== 'object' || value === null || exact.isRawJSON(value)) return value;
  const { type } = value as { type?: unknown };
  if (SIGNED.has(type)) return value;
  const fields: Fields = Object.entries(value);
  const mapped = fields.map(([key, field]) => map(key, field, type));
  const same = mapped.every(([key, field], i) => key === fields[i]?.[0] && field === fields[i][1]);
  return same ? value : Object.fromEntries(mapped);
}

/** Reads JSON that anybody may have written, without trusting its shape. */

export type Json = Readonly<Record<string, unknown>>;

/** @returns undefined unless the value is an object that is no array */
export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
}

/** @returns undefined unless the text is a JSON object */
export function parseObject(text: string): Json | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** @returns the elements that are objects; none if the value is no array */
export function objectsOf(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) return [];
  return value.map(asObject).filter((element) => element !== undefined);
}

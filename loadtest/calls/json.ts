/** Reads JSON that anybody may have written, without trusting its shape. */
import { MAX_ANSWER_BYTES } from './kinds.ts';

export type Json = Readonly<Record<string, unknown>>;

/** @returns undefined unless the value is an object that is no array */
export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
}

/** @returns undefined unless the text is a JSON object of a bearable length */
export function parseObject(text: string): Json | undefined {
  if (text.length > MAX_ANSWER_BYTES) return undefined;
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

/** Whether a value is a whole number from 0 that adds up exactly; unlike `Number(value)` it never throws. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

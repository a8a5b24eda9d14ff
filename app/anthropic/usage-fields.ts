/**
 * Reads the fields of `usage` one by one. What is no count is ignored by itself, because a gateway's odd field must
 * not cost the rest, and it never becomes a number.
 */
import { isObject, type Json } from './messages.ts';
import type { Usage } from './usage.ts';

/**
 * No answer comes near them, and one absurd report must not spoil a counter for good: a prompt has a million tokens
 * at most, several of them in what the API does by itself, and a search is billed at a cent.
 */
export const MAX_TOKENS = 10_000_000;
export const MAX_SEARCHES = 1_000;

export class UsageFields {
  /** Fields so far that were no count, or were missing. */
  malformed = 0;

  /**
   * @param required whether it counts as malformed where it is missing or null
   * @returns the count of this name; `before` where there is none
   */
  count(value: Json | undefined, name: string, before = 0, required = false): number {
    const count = value?.[name];
    if (isCount(count)) return count;
    if (required) this.malformed += 1;
    else this.#expectNothing(count);
    return before;
  }

  /**
   * Reads a count of a running sum, which a later report may leave out and cannot take back.
   * @returns the count of this name; `before` where there is none, or less than that
   */
  sum(value: Json | undefined, name: string, before: number, max = MAX_TOKENS): number {
    const count = value?.[name];
    if (isCount(count, max) && count >= before) return count;
    if (typeof count === 'number') this.malformed += 1;
    else this.#expectNothing(count);
    return before;
  }

  /** @returns the object of this name; undefined where there is none */
  part(value: Json, name: string): Json | undefined {
    const part = value[name];
    if (isObject(part)) return part;
    this.#expectNothing(part);
    return undefined;
  }

  /** @returns the list of this name; undefined where there is none */
  list(value: Json, name: string): readonly unknown[] | undefined {
    const list = value[name];
    if (Array.isArray(list)) return list;
    this.#expectNothing(list);
    return undefined;
  }

  /** @returns whether the text of this name is the wanted one; `before` where there is none */
  isText(value: Json, name: string, wanted: string, before: boolean): boolean {
    const text = value[name];
    if (typeof text === 'string') return text === wanted;
    this.#expectNothing(text);
    return before;
  }

  /**
   * Reads what was written to the cache. A stream reports the split by lifetime at its start alone, and sums later;
   * what was never split is of five minutes.
   */
  cacheWrites(
    value: Json,
    before: Usage,
  ): Pick<Usage, 'cacheWrite5mTokens' | 'cacheWrite1hTokens'> {
    const { cacheWrite5mTokens: five, cacheWrite1hTokens: hour } = before;
    const split = this.part(value, 'cache_creation');
    const sum = this.count(value, 'cache_creation_input_tokens', five + hour);
    if (split) {
      const malformed = this.malformed;
      const ofHour = this.count(split, 'ephemeral_1h_input_tokens');
      const ofFive = this.count(split, 'ephemeral_5m_input_tokens');
      // A split that has nothing of a sum splits nothing.
      if (malformed === this.malformed && ofHour + ofFive > 0)
        return { cacheWrite5mTokens: ofFive, cacheWrite1hTokens: ofHour };
    }
    const stillHour = five === 0 && hour > 0 ? sum : Math.min(hour, sum);
    return { cacheWrite5mTokens: sum - stillHour, cacheWrite1hTokens: stillHour };
  }

  /** The API writes null for what does not apply. */
  #expectNothing(value: unknown): void {
    if (value !== undefined && value !== null) this.malformed += 1;
  }
}

/** Whether a value is a number of tokens, or of anything else that an answer can use. */
export function isCount(value: unknown, max = MAX_TOKENS): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

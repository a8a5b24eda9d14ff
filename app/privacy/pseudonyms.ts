/** Placeholders of one call: what stands for which value, there and back. */
import { replacePersonal } from './redactor.ts';
import type { PersonalKind } from './rules.ts';

const WORDS: Readonly<Record<PersonalKind, string>> = {
  email: 'EMAIL',
  card: 'CARD',
  phone: 'PHONE',
};
const LIKE = new RegExp(`<(?:${Object.values(WORDS).join('|')})_\\d+>`, 'g');
/** The end of a text that may go on as a placeholder. */
const BEGUN = /<(?:[A-Z]{0,5}|[A-Z]{4,5}_\d{0,9})$/;

export interface Placeholders {
  /** Whether any value has been hidden. */
  used(): boolean;
  /** The same value gets the same placeholder: `<EMAIL_1>`, numbered as they come. */
  hide(text: string): string;
  /** @param write how a value is written in its place, where that is not plain text */
  restore(text: string, write?: (value: string) => string): string;
  /** How many characters at the text's end could be the beginning of one of ours. */
  begun(text: string): number;
}

/** Every text in `text` that could be taken for a placeholder. */
export function placeholdersIn(text: string): readonly string[] {
  return text.match(LIKE) ?? [];
}

/** @param taken texts that look like placeholders and are the caller's own */
export function createPlaceholders(taken: ReadonlySet<string>): Placeholders {
  const byValue = new Map<string, string>();
  const values = new Map<string, string>();
  const counts: Record<PersonalKind, number> = { email: 0, card: 0, phone: 0 };
  const add = (kind: PersonalKind, value: string) => {
    let placeholder: string;
    do {
      counts[kind] += 1;
      placeholder = `<${WORDS[kind]}_${counts[kind]}>`;
    } while (taken.has(placeholder));
    byValue.set(value, placeholder);
    values.set(placeholder, value);
    return placeholder;
  };
  return {
    used: () => values.size > 0,
    hide: (text) => replacePersonal(text, (kind, found) => byValue.get(found) ?? add(kind, found)),
    restore: (text, write = (value) => value) =>
      text.replace(LIKE, (placeholder) => {
        const value = values.get(placeholder);
        return value === undefined ? placeholder : write(value);
      }),
    begun(text) {
      const end = BEGUN.exec(text)?.[0] ?? '';
      return end && values.keys().some((placeholder) => placeholder.startsWith(end))
        ? end.length
        : 0;
    },
  };
}

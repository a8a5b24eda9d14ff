/** The pseudonyms of one call: which one stands for which value, there and back. */
import { replacePersonal } from './redactor.ts';
import type { PersonalKind } from './rules.ts';

const WORDS: Readonly<Record<PersonalKind, string>> = {
  email: 'EMAIL',
  card: 'CARD',
  phone: 'PHONE',
};
const PSEUDONYM = new RegExp(`<(?:${Object.values(WORDS).join('|')})_\\d+>`, 'g');
/** The end of a text that may be the start of a pseudonym. */
const BEGUN = /<(?:[A-Z]{0,5}|[A-Z]{4,5}_\d{0,9})$/;

/** @returns every text in `text` that could be taken for a pseudonym */
export function pseudonymsIn(text: string): readonly string[] {
  return text.match(PSEUDONYM) ?? [];
}

export class Pseudonyms {
  readonly #taken: ReadonlySet<string>;
  readonly #byValue = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #counts: Record<PersonalKind, number> = { email: 0, card: 0, phone: 0 };

  /** @param taken texts that look like pseudonyms and are the caller's own */
  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  /** Whether any value has been replaced. */
  get used(): boolean {
    return this.#values.size > 0;
  }

  /** Replaces personal data; the same value gets the same pseudonym: `<EMAIL_1>`, in their order. */
  hide(text: string): string {
    return replacePersonal(
      text,
      (kind, value) => this.#byValue.get(value) ?? this.#add(kind, value),
    );
  }

  /** @param write how a value is written in its place, where that is not plain text */
  restore(text: string, write: (value: string) => string = (value) => value): string {
    return text.replace(PSEUDONYM, (pseudonym) => {
      const value = this.#values.get(pseudonym);
      return value === undefined ? pseudonym : write(value);
    });
  }

  /** @returns how many characters at the end of the text could be the start of a pseudonym in use */
  begun(text: string): number {
    const end = BEGUN.exec(text)?.[0] ?? '';
    const isOurs = end && this.#values.keys().some((pseudonym) => pseudonym.startsWith(end));
    return isOurs ? end.length : 0;
  }

  #add(kind: PersonalKind, value: string): string {
    let pseudonym: string;
    do {
      this.#counts[kind] += 1;
      pseudonym = `<${WORDS[kind]}_${this.#counts[kind]}>`;
    } while (this.#taken.has(pseudonym));
    this.#byValue.set(value, pseudonym);
    this.#values.set(pseudonym, value);
    return pseudonym;
  }
}

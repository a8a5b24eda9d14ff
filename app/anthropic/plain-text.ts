/** Texts from outside that become attributes of spans and fields of log lines, one line each. */

/** Control characters, ends of lines, halves of surrogate pairs, and what turns the direction of the text after it. */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/u;
const EVERY_UNFIT = new RegExp(UNFIT, 'gu');

/** @returns the value if it is a text that is not empty, not too long and without a character that is unfit */
export function plainText(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > maxLength) return undefined;
  return UNFIT.test(value) ? undefined : value;
}

/** @returns so much of a text, in which U+FFFD stands for each character that is unfit or cut in two */
export function plainPart(text: string, maxLength: number): string {
  const part = text.length > maxLength ? copied(text.slice(0, maxLength)) : text;
  return part.replace(EVERY_UNFIT, '\ufffd');
}

/** Node keeps the whole of a text in memory while a part of it is in use; parts may wait to be exported for long. */
function copied(part: string): string {
  return JSON.parse(JSON.stringify(part));
}

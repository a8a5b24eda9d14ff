/** Hides known secrets in a text: as they are, and as JSON, URLs, HTML, base64 and hex write them. */
import { CENSOR } from './rules.ts';
import { unescaped } from './unescaped.ts';

/** Shorter parts of a secret would be found in unrelated base64 by chance. */
const MIN_BASE64_LENGTH = 8;

/**
 * The pattern is rebuilt only when the secrets have changed.
 * @param secrets is called each time, because keys change while the service runs; a list that it returns again
 *   is not looked at again, so it must not be changed in place
 * @param minLength shorter texts are not secrets, and would be found everywhere
 * @returns a function that hides the current secrets; it returns the text itself where there is none
 */
export function hideSecrets(
  secrets: () => Iterable<string>,
  minLength: number,
): (text: string) => string {
  let last: Iterable<string> | undefined;
  let known: readonly string[] = [];
  let regex: RegExp | undefined;
  const update = (now: readonly string[]) => {
    if (now.length === known.length && now.every((secret, i) => secret === known[i])) return;
    known = now;
    regex = regexOf(now.filter(({ length }) => length >= minLength));
  };
  return (text) => {
    const list = secrets();
    if (list !== last) update([...list]);
    last = list;
    return regex ? hideAll(text, regex) : text;
  };
}

/** Whoever reads the text may decode it, so it is also searched as it reads then. */
function hideAll(text: string, regex: RegExp): string {
  const plain = text.replace(regex, CENSOR);
  const decoded = unescaped(plain);
  if (!decoded) return plain;
  let clean = '';
  let from = 0;
  for (const { 0: found, index } of decoded.text.matchAll(regex)) {
    clean += plain.slice(from, decoded.begin(index)) + CENSOR;
    from = decoded.end(index + found.length - 1);
  }
  return clean + plain.slice(from);
}

/** In descending order a secret comes before another that it begins with. Hex may be of either case. */
function regexOf(secrets: readonly string[]): RegExp | undefined {
  const forms = [...new Set(secrets.flatMap(formsOf))].sort().reverse();
  const escaped = forms.map((form) => form.replaceAll(/[^\w]/g, String.raw`\$&`));
  return forms.length > 0 ? new RegExp(escaped.join('|'), 'gi') : undefined;
}

function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const base64 = [0, 1, 2]
    .map((shift) => base64Of(secret, shift))
    .filter(({ length }) => length >= MIN_BASE64_LENGTH);
  const base64url = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  const hex = Buffer.from(secret).toString('hex');
  return [secret, json, encodeURIComponent(secret.toWellFormed()), hex, ...base64, ...base64url];
}

/** @returns the base64 characters that depend on the secret alone when `shift` bytes precede it */
function base64Of(secret: string, shift: number): string {
  const bytes = Buffer.from('\0'.repeat(shift) + secret);
  const firstOwn = Math.ceil((shift * 8) / 6);
  return bytes.toString('base64').slice(firstOwn, Math.floor((bytes.length * 8) / 6));
}

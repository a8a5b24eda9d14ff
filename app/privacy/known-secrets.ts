/** Finds known secrets in a text: as they are, and as JSON, URLs and base64 write them. */

/** Shorter texts are not secrets, and would be found everywhere. */
const MIN_SECRET_LENGTH = 4;
/** Shorter parts of a secret would be found in unrelated base64 by chance. */
const MIN_BASE64_LENGTH = 8;

/**
 * The pattern is rebuilt only when the secrets have changed.
 * @returns a function whose pattern finds the current secrets in any form; undefined when there are none
 */
export function exactSecrets(secrets: () => Iterable<string>): () => RegExp | undefined {
  let known: readonly string[] = [];
  let regex: RegExp | undefined;
  return () => {
    const now = [...secrets()];
    if (now.length !== known.length || now.some((secret, i) => secret !== known[i])) {
      known = now;
      regex = regexOf(now);
    }
    return regex;
  };
}

/** The longest form comes first, because one secret may begin with another. */
function regexOf(secrets: readonly string[]): RegExp | undefined {
  const long = secrets.filter(({ length }) => length >= MIN_SECRET_LENGTH);
  const forms = [...new Set(long.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const escaped = forms.map((form) => form.replaceAll(/[^\w]/g, String.raw`\$&`));
  return forms.length > 0 ? new RegExp(escaped.join('|'), 'g') : undefined;
}

function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const base64 = [0, 1, 2]
    .map((shift) => base64Of(secret, shift))
    .filter(({ length }) => length >= MIN_BASE64_LENGTH);
  const base64url = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [secret, json, encodeURIComponent(secret.toWellFormed()), ...base64, ...base64url];
}

/** @returns the base64 characters that depend on the secret alone when `shift` bytes precede it */
function base64Of(secret: string, shift: number): string {
  const bytes = Buffer.from('\0'.repeat(shift) + secret);
  const firstOwn = Math.ceil((shift * 8) / 6);
  return bytes.toString('base64').slice(firstOwn, Math.floor((bytes.length * 8) / 6));
}

/** Hides what the rules find, and the service's own secrets, in texts, data and log lines. */
import { hideSecrets } from './known-secrets.ts';
import { CENSOR, ID_FIELDS, type PersonalKind, PLAIN_ID, RULES, SECRET_FIELD } from './rules.ts';

/** Shorter texts are not secrets, and would be found everywhere. */
const MIN_SECRET_LENGTH = 4;
/** Content of answers may hold any word, so there a short secret is more likely to be one. */
const MIN_SECRET_LENGTH_IN_CONTENT = 8;
/** Shorter numbers are neither card nor phone numbers. */
export const MIN_LONG_NUMBER = 1e12;

const compiled = RULES.map((rule) => ({ ...rule, regex: new RegExp(rule.pattern, 'gi') }));
type Compiled = (typeof compiled)[number];
const SECRETS = compiled.filter(({ personal }) => personal === undefined);
const PERSONAL = compiled.filter(({ personal }) => personal !== undefined);
const ALL = [...SECRETS, ...PERSONAL];

/** Its methods are fields, so that each can be passed on as a function. */
export class Redactor {
  readonly #hideSecrets: (text: string) => string;
  /** @returns the texts that are hidden wherever they are, as `secrets` returns them */
  readonly known: () => Iterable<string>;
  /**
   * Hides the service's own secrets alone, for content that else must pass byte for byte. JSON stays JSON.
   * @returns the text itself where there is none
   */
  readonly secrets: (text: string) => string;

  /**
   * @param deps `secrets` returns the exact texts to hide, and is called each time because keys change while the service
   *   runs. It has to return the same list until they change, and then another: what was made of a list is kept. Their
   *   JSON, URL, HTML, base64 and hex forms are hidden too; texts under four characters are not, nor in content those
   *   under eight.
   */
  constructor({ secrets }: { readonly secrets: () => Iterable<string> }) {
    this.known = secrets;
    this.#hideSecrets = hideSecrets(secrets, MIN_SECRET_LENGTH);
    this.secrets = hideSecrets(secrets, MIN_SECRET_LENGTH_IN_CONTENT);
  }

  /** @returns the text itself when nothing in it is to be hidden */
  readonly text = (text: string): string => this.#hide(text, ALL);

  /**
   * Redacts plain data, such as JSON can hold: every string, key and long number in it. A field whose
   * name says that it is a secret is hidden whole; in the IDs of `ID_FIELDS` only secrets are hidden.
   * @returns the value itself when nothing in it is to be hidden, else a copy
   */
  readonly value = <T>(value: T): T =>
    this.#isClean(JSON.stringify(value) ?? '') ? value : (this.#walk(value, ALL) as T);

  /**
   * Redacts one field of plain data as `value` does, but for its name.
   * @returns the value itself when nothing in it is to be hidden, else a copy, or what stands for a secret
   */
  readonly field = (name: string, value: unknown): unknown => this.#field(name, value, ALL);

  /**
   * Redacts one line of JSON as a logger wrote it; it stays JSON. Any other line is redacted as text.
   * @param isRead whether `text` has found nothing in any text of the line, and no long number is in it: then only
   *   known secrets are searched for, because they change
   */
  readonly line = (line: string, isRead = false): string => {
    const isClean = isRead ? this.#hideSecrets(line) === line : this.#isClean(line);
    if (isClean) return line;
    const parsed = parse(line);
    if (parsed === undefined) return this.text(line);
    const clean = this.#walk(parsed, ALL);
    // A key that stands twice in the line has only its last value in what was parsed.
    return clean === parsed ? this.#hideSecrets(line) : `${JSON.stringify(clean)}\n`;
  };

  #hide(text: string, rules: readonly Compiled[]): string {
    return rules.reduce(hide, this.#hideSecrets(text));
  }

  /** Most data is clean, and its JSON shows that at once, unless an escape cuts what a rule looks for. */
  #isClean(json: string): boolean {
    return !json.includes('\\') && this.text(json) === json;
  }

  #walk(value: unknown, rules: readonly Compiled[]): unknown {
    if (typeof value === 'string') return this.#hide(value, rules);
    if (typeof value === 'number' && value >= MIN_LONG_NUMBER) {
      const digits = String(value);
      const clean = this.#hide(digits, rules);
      return clean === digits ? value : clean;
    }
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? this.#walkList(value, rules) : this.#walkFields(value, rules);
  }

  #field(name: string, value: unknown, rules: readonly Compiled[]): unknown {
    if (isSecretField(name)) return CENSOR;
    if (!ID_FIELDS.has(name)) return this.#walk(value, rules);
    const isPlain = typeof value === 'string' && PLAIN_ID.test(value);
    return isPlain ? this.#hideSecrets(value) : this.#walk(value, SECRETS);
  }

  /** Node's raw headers are a list in which names and values alternate. */
  #walkList(list: readonly unknown[], rules: readonly Compiled[]): readonly unknown[] {
    const clean = list.map((item, i) =>
      isSecretField(list[i - 1]) ? CENSOR : this.#walk(item, rules),
    );
    return clean.some((item, i) => item !== list[i]) ? clean : list;
  }

  #walkFields(fields: object, rules: readonly Compiled[]): object {
    let changed = false;
    const clean = Object.entries(fields).map(([key, before]) => {
      const name = this.#hide(key, rules);
      const after = this.#field(key, before, rules);
      if (name !== key || after !== before) changed = true;
      return [name, after];
    });
    return changed ? Object.fromEntries(clean) : fields;
  }
}

/**
 * Replaces personal data, and only that, by the same rules.
 * @param put returns the replacement of what was found
 */
export function replacePersonal(
  text: string,
  put: (kind: PersonalKind, found: string) => string,
): string {
  const replaceOne = (before: string, rule: Compiled) =>
    replace(before, rule, (found) => put(rule.personal as PersonalKind, found));
  return PERSONAL.reduce(replaceOne, text);
}

function hide(text: string, rule: Compiled): string {
  return replace(text, rule, (_, kept) => rule.replacement.replace('$1', () => kept));
}

function replace(
  text: string,
  { regex, needs, accepts }: Compiled,
  put: (found: string, kept: string) => string,
): string {
  if (needs && !needs.test(text)) return text;
  let clean = '';
  let from = 0;
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match; match = regex.exec(text)) {
    const [found, kept = ''] = match;
    if (accepts && !accepts(found)) {
      // A match that counts may begin inside one that does not.
      regex.lastIndex = match.index + 1;
      continue;
    }
    clean += text.slice(from, match.index) + put(found, kept);
    from = regex.lastIndex;
  }
  return from === 0 ? text : clean + text.slice(from);
}

function isSecretField(value: unknown): boolean {
  return typeof value === 'string' && SECRET_FIELD.test(value);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

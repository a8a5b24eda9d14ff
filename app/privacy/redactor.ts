/** Hides what the list of rules finds, and the service's own secrets, in texts, data and log lines. */

import { exactSecrets } from './known-secrets.ts';
import { CENSOR, ID_FIELDS, type PersonalKind, RULES, SECRET_FIELD } from './rules.ts';

/** Shorter numbers are neither cards nor phones. */
const MIN_LONG_NUMBER = 1e12;

export interface Redactor {
  /** @returns the text itself where nothing is to be hidden */
  text(text: string): string;
  /**
   * Plain data, such as JSON can hold: every string, key and long number in it. A field whose name
   * says that it is a secret is hidden whole; in an ID (`ID_FIELDS`) only secrets are.
   * @returns the value itself where nothing is to be hidden, else a copy
   */
  value<T>(value: T): T;
  /** One line of JSON as a logger finished it; it stays JSON. What is no JSON is taken as text. */
  line(line: string): string;
}

const compiled = RULES.map((rule) => ({ ...rule, regex: new RegExp(rule.pattern, 'gi') }));
type Compiled = (typeof compiled)[number];
const secretRules = compiled.filter(({ personal }) => personal === undefined);
const personalRules = compiled.filter(({ personal }) => personal !== undefined);

/**
 * @param secrets exact texts to hide, asked for each time because keys change while the service runs;
 *   their JSON, URL and base64 forms are hidden too. Shorter ones than four characters are not.
 */
export function createRedactor({ secrets }: { secrets: () => Iterable<string> }): Redactor {
  const exact = exactSecrets(secrets);
  const hideSecrets = (text: string) => secretRules.reduce(hide, replaceExact(text, exact()));
  const text = (text: string) => personalRules.reduce(hide, hideSecrets(text));
  // Most data is clean, and that is seen in its JSON at once; an escape could cut what is looked for.
  const isClean = (json: string) => !json.includes('\\') && text(json) === json;
  return {
    text,
    value: <T>(value: T) =>
      isClean(JSON.stringify(value) ?? '') ? value : (walk(value, text, hideSecrets) as T),
    line(line) {
      if (isClean(line)) return line;
      const parsed = parse(line);
      if (parsed === undefined) return text(line);
      const clean = walk(parsed, text, hideSecrets);
      return clean === parsed ? line : `${JSON.stringify(clean)}\n`;
    },
  };
}

/** Puts something in the place of personal data; the rules are those of telemetry. */
export function replacePersonal(
  text: string,
  put: (kind: PersonalKind, found: string) => string,
): string {
  const replaceOne = (before: string, rule: Compiled) =>
    replace(before, rule, (found) => put(rule.personal as PersonalKind, found));
  return personalRules.reduce(replaceOne, text);
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
      // What is wanted may begin inside of what is not.
      regex.lastIndex = match.index + 1;
      continue;
    }
    clean += text.slice(from, match.index) + put(found, kept);
    from = regex.lastIndex;
  }
  return from === 0 ? text : clean + text.slice(from);
}

type Hide = (text: string) => string;

function walk(value: unknown, text: Hide, hideSecrets: Hide): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number' && value >= MIN_LONG_NUMBER) {
    const digits = String(value);
    const clean = text(digits);
    return clean === digits ? value : clean;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    // Raw headers are a list of names and values in turn.
    const clean = value.map((item, i) =>
      isSecretField(value[i - 1]) ? CENSOR : walk(item, text, hideSecrets),
    );
    return clean.some((item, i) => item !== value[i]) ? clean : value;
  }
  let changed = false;
  const clean = Object.entries(value).map(([key, before]) => {
    const name = text(key);
    const after = field(key, before, text, hideSecrets);
    if (name !== key || after !== before) changed = true;
    return [name, after];
  });
  return changed ? Object.fromEntries(clean) : value;
}

function field(key: string, value: unknown, text: Hide, hideSecrets: Hide): unknown {
  if (SECRET_FIELD.test(key)) return CENSOR;
  return walk(value, ID_FIELDS.has(key) ? hideSecrets : text, hideSecrets);
}

function isSecretField(value: unknown): boolean {
  return typeof value === 'string' && SECRET_FIELD.test(value);
}

function replaceExact(text: string, regex: RegExp | undefined): string {
  return regex ? text.replace(regex, CENSOR) : text;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

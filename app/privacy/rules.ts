/**
 * The one list of redaction rules, for logs, spans and error messages, and for the personal data that
 * pseudonymisation hides from upstreams. Why no library: docs/adr/0014. As a table: docs/redaction.md.
 */

/** Replaces a secret; personal data is replaced by `[redacted:email]` and the like. */
export const CENSOR = '[redacted]';

/** Kinds of personal data, which pseudonymisation can hide from upstreams too. */
export type PersonalKind = 'email' | 'card' | 'phone';

/**
 * A shape of text to redact. Patterns ignore case, have no capturing group but `$1`, and take time linear
 * in the text: an unbounded repetition either starts only once in a run, by a lookbehind, or cannot fail.
 */
export interface Rule {
  readonly name: string;
  readonly finds: string;
  readonly pattern: string;
  /** A quick test that is true for every text in which the pattern is found. */
  readonly needs?: RegExp;
  /** `$1` stands for what the pattern's group has matched, which is kept. */
  readonly replacement: string;
  /** Set for personal data. IDs can look like it, so such rules do not apply to them. */
  readonly personal?: PersonalKind;
  /** Returns false for a match that only looks like the data. */
  readonly accepts?: (match: string) => boolean;
}

const HEADERS = '(?:proxy-)?authorization|(?:set-)?cookie';
const FIELDS = [
  '(?:x-)?api[-_]?key',
  'x-vault-token',
  '(?:vault|secret)[-_](?:token|id)',
  'x-amz-(?:security-token|signature|credential)',
  '(?:access|refresh|id|auth|session)[-_]?token',
  'client[-_]?secret',
  'secret[-_]?access[-_]?key',
  'private[-_]?key',
  'pass(?:word|wd|phrase)',
].join('|');

/** Fields whose value is a secret whatever it looks like; spans put a prefix before the name. */
export const SECRET_FIELD = new RegExp(`(?:^|[._-])(?:${HEADERS}|${FIELDS})$`, 'i');

/**
 * Fields that hold IDs. Digits in an ID are not a phone or card number, but secrets are redacted there too.
 * Those with a dot are span attributes; a test of `telemetry/attributes.ts` keeps the names equal.
 */
export const ID_FIELDS: ReadonlySet<string> = new Set([
  'trace_id',
  'span_id',
  'correlation_id',
  'request_id',
  'conversation_id',
  'agent_id',
  'parent_agent_id',
  'correlation.id',
  'anthropic.request.id',
  'gen_ai.response.id',
  'gen_ai.conversation.id',
  'claude.agent.id',
  'claude.agent.parent_id',
]);

/**
 * IDs in which no rule for secrets finds anything: digits and dashes alone, or an ID of Anthropic's, which is neither as
 * long as a key of AWS nor begins like one of Google's.
 */
export const PLAIN_ID = /^(?:[0-9a-f-]+|(?:req|msg)_(?!aiza)[0-9a-z]{21,})$/i;

/** From a field's name to its value in a header line, a query, a list or JSON, escaped or not. */
const GAP = String.raw`(?:\\*["']?\s*[:=]|\\*["'],)\s*\\*["']?`;
/** A character of a value without quotes. */
const BARE = String.raw`[^\s\\"'&,;}\])]`;
/** A separator of groups of digits, in a text or a query. */
const SPACE = String.raw`(?:[ +\u00a0-]|%20)`;
/** Numbers begin and end outside words, UUIDs and decimal fractions. */
const BEGINS = String.raw`(?:(?<!\w|\d\.|[0-9a-f]{4}-)|(?<=%[0-9a-f]{2}))`;
const ENDS = String.raw`(?!\w|\.\d|-[0-9a-f]{4})`;

export const RULES: readonly Rule[] = [
  {
    name: 'header',
    finds: '`authorization` and `cookie` headers: the value, to the end of the line or quote',
    pattern: String.raw`((?:${HEADERS})${GAP})[^\\"'\r\n]+`,
    replacement: `$1${CENSOR}`,
  },
  {
    name: 'field',
    finds:
      '`x-api-key`, `password`, `access_token` and the like: quoted values, and others from six characters',
    // In a text only the beginning of a list or an object is replaced; in data the field is hidden whole.
    pattern: String.raw`((?:${FIELDS})${GAP})(?!\[redacted)(?:(?<=["'])[^\\"'\r\n]+|${BARE}{6,}|(?<=":)${BARE}+|[[{])`,
    replacement: `$1${CENSOR}`,
  },
  {
    name: 'bearer',
    finds: '`Bearer …`, from six characters',
    pattern: String.raw`(\bbearer\s{1,9})[\w.~+/=-]{6,}`,
    replacement: `$1${CENSOR}`,
  },
  {
    name: 'key',
    finds: '`sk-ant-…` of any length, any other `sk-…` from 20 characters',
    pattern: String.raw`sk-ant-[\w-]+|(?<![a-z0-9])sk-[\w-]{20,}`,
    replacement: CENSOR,
  },
  {
    name: 'jwt',
    finds: 'JSON Web Tokens, `eyJ….….…`',
    pattern: String.raw`(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
    replacement: CENSOR,
  },
  {
    name: 'aws',
    finds: 'AWS access key IDs, `AKIA…` and `ASIA…`',
    pattern: '(?<![a-z0-9])A(?:KI|SI)A[a-z0-9]{16}(?![a-z0-9])',
    replacement: CENSOR,
  },
  {
    name: 'vault',
    finds: 'Vault tokens, `hvs.…`, `hvb.…`, `hvr.…`, and the older `s.…` of 24 characters',
    pattern: String.raw`(?<![\w.])(?:hv[sbr]\.[\w-]{20,}|[sbr]\.(?=[a-z]{0,23}\d)[a-z0-9]{24}(?!\w|\.\w))`,
    replacement: CENSOR,
  },
  {
    name: 'token',
    finds: 'tokens of GitHub, Google and Slack; private keys in PEM',
    pattern: String.raw`(?<![a-z0-9])(?:gh[oprsu]_\w{20,}|github_pat_\w{20,}|AIza[\w-]{30,}|xox[abeprs]-[\w-]{10,})|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?`,
    replacement: CENSOR,
  },
  {
    name: 'userinfo',
    finds: 'name and password in a URL, `https://name:password@…`',
    pattern: String.raw`(:\/\/)[^\s/?#@"\\]+@`,
    replacement: `$1${CENSOR}@`,
  },
  {
    name: 'email',
    finds: 'e-mail addresses in any script, also with `%40`',
    pattern: String.raw`(?<![^\s@"'<>()[\]{},;:\\/&=?#|])[^\s@"'<>()[\]{},;:\\/&=?#|]+(?:@|%40)[a-z0-9\u0080-\uffff-]+(?:\.[a-z0-9\u0080-\uffff-]+)+`,
    needs: /@|%40/,
    replacement: '[redacted:email]',
    personal: 'email',
    // `pino@10.4.0` is the version of a package.
    accepts: (match) => !/\.\d+$/.test(match),
  },
  {
    name: 'card',
    finds: 'card numbers of 13 to 19 digits that pass the Luhn check, in one piece or in groups',
    pattern: String.raw`${BEGINS}[2-6]\d{3}(?:\d{9,15}|(?:${SPACE}\d{4}){2}${SPACE}\d{1,4}|${SPACE}\d{6}${SPACE}\d{4,5})${ENDS}`,
    replacement: '[redacted:card]',
    personal: 'card',
    accepts: passesLuhn,
  },
  {
    name: 'phone',
    finds: 'phone numbers: international ones from `+`, North American ones in groups',
    pattern: String.raw`(?:(?<![\w+])\+|%2B)\(?[1-9](?:(?:[ ().\u00a0-]|%20){0,3}\d){6,14}(?!\d)|(?<![\w.+-])(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-]|\.\d)`,
    replacement: '[redacted:phone]',
    personal: 'phone',
  },
];

/** Nine in ten numbers that are not card numbers fail https://en.wikipedia.org/wiki/Luhn_algorithm. */
function passesLuhn(text: string): boolean {
  const digits = text.replaceAll(/%20|\D/g, '');
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits.at(-1 - i));
    const twice = digit * 2;
    sum += i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

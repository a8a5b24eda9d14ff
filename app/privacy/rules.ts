/**
 * What may not be seen: the one list of rules, for logs, spans and error messages, and for what `mask`
 * keeps from the upstream. Why no library: docs/adr/0014. The list as a table: docs/redaction.md.
 */
import {
  ATTR_CORRELATION_ID,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_REQUEST_ID,
} from '../telemetry/attributes.ts';

/** Stands where a secret was; somebody's data leaves `[redacted:…]`. */
export const CENSOR = '[redacted]';

/** Kinds of personal data, which `mask` can hide from the upstream too. */
export type PersonalKind = 'email' | 'card' | 'phone';

/**
 * A shape that text can have. Patterns ignore case, hold no group but `$1`, and take time linear in
 * the text: what repeats without a limit begins once a run (a lookbehind sees to that) or cannot fail.
 */
export interface Rule {
  readonly name: string;
  readonly finds: string;
  readonly pattern: string;
  /** Holds wherever the pattern is found, and is quicker to look for. */
  readonly needs?: RegExp;
  /** `$1` keeps what the pattern's group has. */
  readonly replacement: string;
  /** Set where the data is somebody's. IDs may look like it and are left alone. */
  readonly personal?: PersonalKind;
  /** Says no to what only looks like it. */
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

/** A field whose value is a secret whatever it looks like; spans put a prefix before the name. */
export const SECRET_FIELD = new RegExp(`(?:^|[._-])(?:${HEADERS}|${FIELDS})$`, 'i');

/** What finds a call again. A run of digits in it is nobody's number; a secret it may be all the same. */
export const ID_FIELDS: ReadonlySet<string> = new Set([
  'trace_id',
  'span_id',
  'correlation_id',
  'request_id',
  ATTR_CORRELATION_ID,
  ATTR_REQUEST_ID,
  ATTR_GEN_AI_RESPONSE_ID,
]);

/** From a field's name to its value: in a header line, a query, a list or JSON, escaped or not. */
const GAP = String.raw`(?:\\*["']?\s*[:=]|\\*["'],)\s*\\*["']?`;
/** A character of a value that stands without quotes. */
const BARE = String.raw`[^\s\\"'&,;}\])]`;
/** Between groups of digits, in a text or a query. */
const SPACE = String.raw`(?:[ +\u00a0-]|%20)`;
/** Numbers stand alone: not in a word, a UUID or behind a decimal point. */
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
      '`x-api-key`, `password`, `access_token` and their like: quoted values, others from six characters',
    // A list or an object is only noticed here; in data it is hidden by its field's name.
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
    finds: 'e-mail addresses, also with `%40`, in any script',
    pattern: String.raw`(?<![^\s@"'<>()[\]{},;:\\/&=?#|])[^\s@"'<>()[\]{},;:\\/&=?#|]+(?:@|%40)[a-z0-9\u0080-\uffff-]+(?:\.[a-z0-9\u0080-\uffff-]+)+`,
    needs: /@|%40/,
    replacement: '[redacted:email]',
    personal: 'email',
    // `pino@10.4.0` is a package's version.
    accepts: (match) => !/\.\d+$/.test(match),
  },
  {
    name: 'card',
    finds: 'card numbers of 13 to 19 digits that pass the Luhn check, whole or in groups',
    pattern: String.raw`${BEGINS}[2-6]\d{3}(?:\d{9,15}|(?:${SPACE}\d{4}){2}${SPACE}\d{1,4}|${SPACE}\d{6}${SPACE}\d{4,5})${ENDS}`,
    replacement: '[redacted:card]',
    personal: 'card',
    accepts: passesLuhn,
  },
  {
    name: 'phone',
    finds: 'phone numbers: international from `+`, North American in groups',
    pattern: String.raw`(?:(?<![\w+])\+|%2B)\(?[1-9](?:(?:[ ().\u00a0-]|%20){0,3}\d){6,14}(?!\d)|(?<![\w.+-])(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-]|\.\d)`,
    replacement: '[redacted:phone]',
    personal: 'phone',
  },
];

/** https://en.wikipedia.org/wiki/Luhn_algorithm: nine in ten numbers that are no card fail it. */
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

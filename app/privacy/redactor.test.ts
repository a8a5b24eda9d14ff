import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Redactor, replacePersonal } from './redactor.ts';
import { RULES } from './rules.ts';

const KEY = 'planted/key+with="quotes\\and?more';
const { text, value, line } = new Redactor({ secrets: () => [KEY] });
const R = '[redacted]';
const EMAIL = '[redacted:email]';
const CARD = '[redacted:card]';
const PHONE = '[redacted:phone]';
const TOKEN24 = 'abcdefgh1234567890abcdef';
const JWT = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`;

/** By rule: texts in which it finds something, and what they become. */
const FOUND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  header: {
    'authorization: Basic dTpw x': `authorization: ${R}`,
    'Proxy-Authorization=abc\nnext': `Proxy-Authorization=${R}\nnext`,
    'cookie: a=b; c=d': `cookie: ${R}`,
    '{"set-cookie":"s=1","b":2}': `{"set-cookie":"${R}","b":2}`,
    '{\\"cookie\\":\\"s=1\\"}': `{\\"cookie\\":\\"${R}\\"}`,
    '["authorization","abc"]': `["authorization","${R}"]`,
  },
  field: {
    'x-api-key: 123456': `x-api-key: ${R}`,
    'CLAUDE_API_KEY=123456 PORT=1': `CLAUDE_API_KEY=${R} PORT=1`,
    '{"x-api-key":"short"}': `{"x-api-key":"${R}"}`,
    '{"password":1234,"b":2}': `{"password":${R},"b":2}`,
    '?access_token=123456&b=2': `?access_token=${R}&b=2`,
    "{ password: 'a pass phrase' }": `{ password: '${R}' }`,
    'X-Vault-Token: abcdef': `X-Vault-Token: ${R}`,
    'VAULT_SECRET_ID=abcdef': `VAULT_SECRET_ID=${R}`,
    '{"secret_id":"a"}': `{"secret_id":"${R}"}`,
  },
  bearer: { 'sent Bearer abc.def-1': `sent Bearer ${R}` },
  key: {
    'key sk-ant-api03-x_y-z!': `key ${R}!`,
    'cut: sk-ant-a': `cut: ${R}`,
    'sk-proj-abcdefghij0123456789': R,
  },
  jwt: { [`is ${JWT}, so`]: `is ${R}, so` },
  aws: { 'by AKIAIOSFODNN7EXAMPLE': `by ${R}` },
  vault: {
    [`hvs.${TOKEN24}`]: R,
    [`old s.${TOKEN24}.`]: `old ${R}.`,
    [`s.${TOKEN24} x`]: `${R} x`,
  },
  token: {
    [`by ghp_${TOKEN24}, or`]: `by ${R}, or`,
    [`AIza${TOKEN24}abcdefg`]: R,
    'xoxb-1234567890-abc': R,
    '-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJB\n-----END RSA PRIVATE KEY-----\n.': `${R}\n.`,
    'cut -----BEGIN PRIVATE KEY-----MIIB': `cut ${R}`,
  },
  userinfo: { 'http://me:pass@proxy:3128/': `http://${R}@proxy:3128/` },
  email: {
    'to bob.o+x@example.co.uk.': `to ${EMAIL}.`,
    '/u?m=bob%40example.com&x': `/u?m=${EMAIL}&x`,
    'jörg@exämple.de': EMAIL,
    '<bob@example.com>, "eve@example.com"': `<${EMAIL}>, "${EMAIL}"`,
  },
  card: {
    '4111111111111111': CARD,
    'card 4111 1111 1111 1111 204 x': `card ${CARD} 204 x`,
    '5555-5555-5555-4444.': `${CARD}.`,
    'amex 3782 822463 10005': `amex ${CARD}`,
    '?c=4111%201111%201111%201111&n=1': `?c=${CARD}&n=1`,
    'in 2024 4111 1111 1111 1111': `in 2024 ${CARD}`,
  },
  phone: {
    'call +49 151 23456789, or': `call ${PHONE}, or`,
    '+1 (415) 555-0132': PHONE,
    '?to=%2B4915123456789&x': `?to=${PHONE}&x`,
    'tel:+442079460958': `tel:${PHONE}`,
    'at (415) 555-0132 or 415-555-0132': `at ${PHONE} or ${PHONE}`,
  },
};

test('Redactor.text: every rule finds its cases, and finds nothing in its own output', () => {
  assert.deepEqual(
    Object.keys(FOUND),
    RULES.map(({ name }) => name),
  );
  for (const [name, cases] of Object.entries(FOUND)) {
    for (const [given, clean] of Object.entries(cases)) {
      assert.equal(text(given), clean, name);
      assert.equal(text(clean), clean, `${name}: twice`);
    }
  }
});

test('Redactor.text: harmless text that looks like a secret or personal data stays', () => {
  for (const harmless of [
    '2026-11-25T02:29:14.805Z 2026-11-25T02:29:14+01:00 +0100 1764038954805 1764038954805123456',
    '2b83c4e0-9b8a-443a-bcdd-fa54d250d2e6 41111111-1111-4111-8111-411111111111',
    '4bf92f3577b34da6a3ce929d0e0e4736 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'req_011CSHoEeqs5C35K2UUqR7Fy msg_01XFDUDYJgAACzvnptvVoYEL toolu_4111111111111111',
    '0.4111111111111111 755.364 1e+21 127.0.0.1:44903 [::ffff:10.0.0.1]:8080',
    '4111 1111 1111 1112', // fails the Luhn check
    'node_modules/pino@10.4.0/lib/x.js:12:34 user@localhost @types/node',
    'messages.0.password: Field required; CLAUDE_API_KEY: must be 8 to 512 printable characters',
    'task-abcdefghijklmnopqrstuvwxyz no_key has_key max_tokens: 100000 bearer of news',
    'https://api.anthropic.com/v1/messages?beta=true',
  ]) {
    assert.equal(text(harmless), harmless);
  }
});

test('Redactor.line: clean lines of the service stay the same, byte for byte', () => {
  const ids = `"correlation_id":"4111111111111111","trace_id":"${'4'.repeat(32)}","span_id":"4111111111111111"`;
  for (const given of [
    `{"level":"info","time":"2026-11-25T02:29:14.857Z","service":"s",${ids},"operation":"chat","model":"claude-sonnet-5-5","stream":"false","outcome":"success","attempts":1,"duration_ms":30.449,"overhead_ms":6.322,"usage":{"inputTokens":1234567,"outputTokens":11,"cacheReadTokens":0,"cacheCreationTokens":0},"msg":"call"}\n`,
    `{"level":"info","time":"2026-11-25T02:29:14.865Z","service":"s",${ids},"method":"POST","route":"/v1/messages","status":200,"duration_ms":38.799,"msg":"request"}\n`,
    '{"level":"info","address":{"address":"127.0.0.1","family":"IPv4","port":44903},"upstreams":["anthropic api.anthropic.com"],"has_key":true,"msg":"listening"}\n',
    `{"level":"error","err":{"type":"Error","message":"x","stack":"Error: x\\n    at f (file:///a/b.ts:1:2)"}}\n`,
  ]) {
    assert.equal(line(given), given);
  }
});

test('Redactor.line: a line stays JSON, whatever is hidden in it', () => {
  const given = {
    msg: 'a\nbob@example.com\t+4915123456789\n"x-api-key":"abc"',
    headers: { 'X-Api-Key': 'a', cookie: ['b'], password: { v: 1 } },
    rawHeaders: ['x-api-key', 'a', 'accept', 'b'],
    card: 4111111111111111,
    pin: [{ password: 1 }],
    'bob@example.com': 1,
    correlation_id: 'sk-ant-1',
  };
  assert.deepEqual(JSON.parse(line(`${JSON.stringify(given)}\n`)), {
    msg: `a\n${EMAIL}\t${PHONE}\n"x-api-key":"${R}"`,
    headers: { 'X-Api-Key': R, cookie: R, password: R },
    rawHeaders: ['x-api-key', R, 'accept', 'b'],
    card: CARD,
    pin: [{ password: R }],
    [EMAIL]: 1,
    correlation_id: R,
  });
  assert.equal(line('no JSON, bob@example.com\n'), `no JSON, ${EMAIL}\n`);
});

test('Redactor.value: data is copied only when something in it is hidden', () => {
  const clean = { a: [1, 'b', { c: null }], 'http.request.header.accept': ['x'] };
  assert.equal(value(clean), clean);
  const dirty = Object.freeze({ a: 'bob@example.com', b: clean });
  assert.deepEqual(value(dirty), { a: EMAIL, b: clean });
  assert.deepEqual(value({ 'http.request.header.x-api-key': ['a'] }), {
    'http.request.header.x-api-key': R,
  });
});

test('Redactor.text: a known secret is hidden in its JSON, URL and base64 forms too', () => {
  const base64 = (s: string) => Buffer.from(s).toString('base64');
  const forms = [KEY, JSON.stringify(KEY).slice(1, -1), encodeURIComponent(KEY)];
  for (const form of forms) assert.equal(text(`is ${form}, so`), `is ${R}, so`);
  for (const before of ['', 'u', 'us', 'usr', 'user:']) {
    const encoded = base64(`${before}${KEY}:`);
    assert(text(encoded).includes(R), before);
    assert(text(Buffer.from(`${before}${KEY}`).toString('base64url')).includes(R), before);
    assert(text(encoded).length < R.length + 12, text(encoded));
  }
});

test('Redactor.text: secrets can change at any time, and one that begins with another is hidden whole', () => {
  let now: string[] = [];
  const redactor = new Redactor({ secrets: () => now });
  assert.equal(redactor.text('first second-long'), 'first second-long');
  now = ['first', 'second', 'second-long', '', 'abc'];
  assert.equal(redactor.text('first second-long abc'), `${R} ${R} abc`);
  now = ['third'];
  assert.equal(redactor.text('first third'), `first ${R}`);
});

test('replacePersonal: personal data is replaced, secrets are not', () => {
  const put = (kind: string, found: string) => `<${kind} ${found.length}>`;
  const given = `bob@example.com sk-ant-1 ${KEY} +4915123456789`;
  assert.equal(replacePersonal(given, put), `<email 15> sk-ant-1 ${KEY} <phone 14>`);
});

test('Redactor.text: hostile text takes at most a small multiple of the time of harmless text', () => {
  const MB = 1024 * 1024;
  const fill = (unit: string) => unit.repeat(Math.ceil(MB / unit.length)).slice(0, MB);
  const timeMs = (given: string) => {
    const startMs = performance.now();
    text(given);
    return performance.now() - startMs;
  };
  const harmless = fill('The quick brown fox jumps over the lazy dog. ');
  timeMs(harmless);
  const limitMs = 200 * Math.max(1, timeMs(harmless));
  for (const unit of HOSTILE) {
    // A pattern that is not linear takes minutes for 1 MB. The first character lets no rule be skipped.
    const tookMs = timeMs(`@${fill(unit)}`);
    assert(tookMs < limitMs, `${unit}: ${tookMs} of ${limitMs} ms`);
  }
});

/** Each is repeated to 1 MB: beginnings of every shape that a rule looks for. */
const HOSTILE = [
  'a',
  'a.',
  'a@',
  '@',
  '%40',
  'a%40',
  'a@b',
  'a@b.',
  'a@b.1',
  'a@1.1,',
  '@a.',
  '%',
  'é',
  '-',
  '.',
  '1',
  '4',
  '1-',
  '4 ',
  '4111 ',
  '4111-',
  '4111 1111 1111 1111 ',
  '41111111111111112 ',
  '%20',
  '4%20',
  '+',
  '+1',
  '+1 ',
  '+1(',
  '%2B1',
  '%2B',
  '(',
  '415 ',
  '415-555-',
  '(415) ',
  '1 415 555 ',
  'sk-',
  'sk-ant-',
  'sk-a',
  'eyJ',
  'eyJ-',
  'eyJaaaaaaaa.',
  'AKIA',
  'ghp_',
  'xoxb-',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----a',
  '-----BEGIN ',
  'hvs.',
  's.',
  's.1',
  'hvs.a',
  'bearer ',
  'bearer\t',
  'bearer a',
  'authorization',
  'authorization ',
  'authorization:',
  'cookie=',
  'cookie\\',
  'cookie"',
  'cookie",',
  'password',
  'password ',
  'password:',
  'api_key="',
  'api_key\\\\',
  'x-api-key: [',
  'auth_token',
  '://',
  '://a',
  '://a:',
  ' ',
  '\t',
  '\n',
  '\\',
  '"',
  "'",
  '{',
  '[',
];

test('docs/redaction.md lists the rules as they are', async () => {
  const page = await readFile(new URL('../../docs/redaction.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\| (.+?) +\|$/gm)].map((m) => m.slice(1));
  assert.deepEqual(
    rows,
    RULES.map(({ name, finds, replacement }) => [
      name,
      finds,
      `\`${replacement.replace('$1', '')}\``,
    ]),
  );
});

test('Redactor.field: an ID that is plain is hidden exactly where the rules would hide it', () => {
  const { field } = new Redactor({
    secrets: () => ['0123456789abcdef', 'req_knownsecret0123456789'],
  });
  const tails = ['akia', 'asia', 'aiza', 'a', '', 'ghp', 'sk'];
  const ids = ['', 'req_', 'msg_', 'msgx_'].flatMap((head) =>
    tails.flatMap((tail) =>
      [1, 15, 16, 17, 20, 21, 30, 36].map(
        (length) => head + tail + '0a'.repeat(18).slice(0, length),
      ),
    ),
  );
  const known = ['0123456789abcdef', 'ff-0123456789ABCDEF-00', 'req_knownsecret0123456789'];
  for (const id of [...ids, ...known]) {
    const byRules = String(field('request_id', `${id}!`)).slice(0, -1);
    assert.equal(field('request_id', id), byRules, id);
  }
  for (const id of known) assert.match(String(field('request_id', id)), /\[redacted\]/);
  const hidden = ids.filter((id) => field('request_id', id) !== id);
  assert(hidden.length > 5, `some have the shape of a key: ${hidden}`);
});

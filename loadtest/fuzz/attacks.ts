/** What clients do on a connection: pipelines, slow and cut requests, half-closed sockets, and what is no HTTP. */
import type { Case, MakeCase, Step, WholeRequest } from './case.ts';
import type { Random } from './random.ts';
import { goodRequest, oddRequest, type Written } from './requests.ts';
import { goodMessage } from './texts.ts';

const at = (head: string) => Buffer.from(head, 'latin1');
const POST = 'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n';

/** Bytes in pieces, as a network may cut them. */
function dribble(random: Random, bytes: Buffer, most = 4): Step[] {
  return random
    .pieces(bytes, most)
    .flatMap((piece) => [{ write: piece }, ...(random.chance(0.5) ? [wait(random)] : [])]);
}

const wait = (random: Random): Step => ({ waitMs: random.int(1, 30) });
const END: Step = { end: true };

const pipeline: MakeCase = (random, id) => {
  const count = random.int(1, 4);
  const written = Array.from({ length: count }, (_, i) =>
    (random.chance(0.4) ? oddRequest : goodRequest)(random, `${id}-${i}`, i === count - 1),
  );
  return whole('pipeline', written, (bytes) => dribble(random, bytes));
};

const odd: MakeCase = (random, id) =>
  whole('odd request', [oddRequest(random, id, true)], (bytes) => [{ write: bytes }]);

const slow: MakeCase = (random, id) =>
  whole('slow request', [oddRequest(random, id, true)], (bytes) => dribble(random, bytes, 25));

function whole(name: string, written: readonly Written[], steps: (bytes: Buffer) => Step[]): Case {
  return {
    name,
    steps: steps(Buffer.concat(written.map(({ bytes }) => bytes))),
    requests: written.map(({ request }) => request),
    tail: 'nothing',
    leaves: false,
  };
}

/** A body in chunks, with extensions and trailers, as RFC 9112 allows them. */
const chunks: MakeCase = (random, id) => {
  const pieces = random.pieces(Buffer.from(goodMessage(random, random.chance(0.5))), 12);
  const extension = random.pick(['', ';a=b', ';a="\\""']);
  const body = pieces.map((piece) => [
    at(`${piece.length.toString(16)}${extension}\r\n`),
    piece,
    at('\r\n'),
  ]);
  const trailer = random.pick(['', 'x-trailer: 1\r\n', 'content-length: 3\r\n']);
  const head = `${POST}x-correlation-id: ${id}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
  const bytes = Buffer.concat([at(head), ...body.flat(), at(`0\r\n${trailer}\r\n`)]);
  return whole('chunks', [{ bytes, request: { method: 'POST', id } }], (all) =>
    dribble(random, all, 8),
  );
};

const NO_HTTP: readonly string[] = [
  'hello\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'get / HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'GET / HTTP/9.9\r\nhost: localhost\r\n\r\n',
  'GET / HTTP/1.1\r\nhost : localhost\r\n\r\n',
  'GET / HTTP/1.1\r\nhost: localhost\r\n folded: 1\r\nno colon\r\n\r\n',
  'GET / HTTP/1.1\r\nhost: localhost\r\na: \x00\r\n\r\n',
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
  `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
  '\x00'.repeat(300),
];

/** Requests whose body cannot be told from what follows it, or is no HTTP. */
const BAD_BODIES: readonly string[] = [
  'content-length: 1\r\ncontent-length: 2\r\n\r\n{}',
  'content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'content-length: -1\r\n\r\n',
  'content-length: 99999999999999999999999\r\n\r\n',
  'content-length: 1e3\r\n\r\n',
  'content-length: 0x10\r\n\r\n',
  'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  'transfer-encoding: xchunked\r\n\r\n0\r\n\r\n',
  'transfer-encoding: chunked\r\n\r\nzz\r\n',
  'transfer-encoding: chunked\r\n\r\n-1\r\n',
  'transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
  'transfer-encoding: chunked\r\n\r\n2\r\n{}x',
  `transfer-encoding: chunked\r\n\r\n1;${'e'.repeat(20_000)}\r\n`,
  `transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nt: ${'t'.repeat(20_000)}\r\n\r\n`,
];

const TARGETS = ['POST /v1/messages', 'POST /v1/batch', 'GET /v1/models', 'POST /nowhere'];

/** Something that cannot be served; with a method, it has a good head, which may be answered before the rest comes. */
function badRequest(random: Random, id: string): { bytes: Buffer; tailMethod?: string } {
  if (random.chance(0.3)) return { bytes: at(random.pick(NO_HTTP)) };
  if (random.chance(0.1)) return { bytes: random.bytes(random.int(20, 600)) };
  const target = random.pick(TARGETS);
  const head = `${target} HTTP/1.1\r\nhost: localhost\r\nx-correlation-id: ${id}\r\n`;
  const [tailMethod = ''] = target.split(' ');
  return { bytes: at(head + random.pick(BAD_BODIES)), tailMethod };
}

/** It ends its side, because some of what it sends might be the beginning of something. */
const noHttp: MakeCase = (random, id) => {
  const { bytes, ...method } = badRequest(random, id);
  return {
    name: 'no HTTP',
    steps: [...dribble(random, bytes), END],
    requests: [],
    tail: 'refused',
    ...method,
    leaves: false,
  };
};

const connectMethod: MakeCase = () => ({
  name: 'CONNECT',
  steps: [{ write: at('CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\nmore') }],
  requests: [],
  tail: 'refused',
  leaves: false,
});

/** A whole request, or several, and then something that is none, with them or later. */
const followed: MakeCase = (random, id) => {
  const count = random.int(1, 3);
  const written = Array.from({ length: count }, (_, i) =>
    goodRequest(random, `${id}-${i}`, random.chance(0.2) && i === count - 1),
  );
  const { bytes: tail, ...method } = random.chance(0.5)
    ? badRequest(random, `${id}-t`)
    : { bytes: at('CONNECT a:1 HTTP/1.1\r\n\r\n') };
  const requests = Buffer.concat(written.map(({ bytes }) => bytes));
  return {
    name: 'followed by no HTTP',
    steps: random.chance(0.5)
      ? [{ write: Buffer.concat([requests, tail]) }]
      : [{ write: requests }, wait(random), { write: tail }],
    requests: written.map(({ request }) => request),
    tail: 'perhaps refused',
    ...method,
    leaves: false,
  };
};

/** Some of its bytes are others, so that nobody knows whether it still is a request. */
const changed: MakeCase = (random, id) => {
  // A changed digit must not make it the ID of another case.
  const { bytes, request } = oddRequest(random, `changed-${id}`, true);
  const copy = Buffer.from(bytes);
  const reach = Math.min(copy.length - 1, 300);
  for (let n = random.int(1, 3); n > 0; n -= 1) {
    copy.writeUInt8(random.int(0, 255), random.int(request.method.length, reach));
  }
  return {
    name: 'changed bytes',
    // The answer to what is no request has a body, even if it was to be HEAD.
    steps: [{ write: request.method === 'HEAD' ? bytes : copy }, wait(random), END],
    requests: [],
    tail: 'perhaps refused',
    tailMethod: request.method,
    leaves: false,
  };
};

/** The client has said all that it will say; `end` without a whole request leaves half a one. */
const halfClosed: MakeCase = (random, id) => {
  const { bytes, request } = (random.chance(0.5) ? oddRequest : goodRequest)(random, id, false);
  // The answer to half a head has a body, even if it was to be HEAD.
  const isWhole = random.chance(0.5) || request.method === 'HEAD';
  const cut = isWhole ? bytes : bytes.subarray(0, random.int(1, bytes.length - 1));
  const left: WholeRequest = { ...request, left: true };
  return {
    name: isWhole ? 'half-closed' : 'half-closed within a request',
    steps: [{ write: cut }, ...(random.chance(0.5) ? [wait(random)] : []), END],
    requests: isWhole ? [left] : [],
    tail: isWhole ? 'nothing' : 'perhaps refused',
    ...(!isWhole && { tailMethod: request.method }),
    leaves: false,
  };
};

/** Nobody is there for the answer. */
const left: MakeCase = (random, id) => {
  const { bytes, request } = (random.chance(0.5) ? oddRequest : goodRequest)(random, id, false);
  const cut = bytes.subarray(0, random.int(0, bytes.length));
  return {
    name: 'left',
    steps: [{ write: cut }, wait(random), { leave: random.pick(['reset', 'close']) }],
    requests: cut.length === bytes.length ? [{ ...request, left: true }] : [],
    tail: 'perhaps refused',
    leaves: true,
  };
};

/** Every kind of client, in shares of how much there is to find. */
export const ATTACKS: readonly MakeCase[] = [
  pipeline,
  pipeline,
  odd,
  odd,
  odd,
  slow,
  chunks,
  noHttp,
  noHttp,
  connectMethod,
  followed,
  followed,
  changed,
  changed,
  halfClosed,
  halfClosed,
  left,
];

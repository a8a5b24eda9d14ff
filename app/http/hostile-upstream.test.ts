/** What a broken or hostile upstream sends, byte for byte, and what a caller gets of it. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { postJson } from '../testing/http.ts';
import { ASK } from '../testing/messages.ts';
import { KEY, serviceBefore } from '../testing/service-before.ts';
import type { ServiceProcess } from '../testing/service-process.ts';

/** An upstream whose whole answer, head included, is what the test sets last. */
async function answering(t: TestContext, retries = '0') {
  let raw: Buffer = Buffer.alloc(0);
  let requests = 0;
  let lastHeaders: IncomingHttpHeaders = {};
  const service = await serviceBefore(
    t,
    (request, response) => {
      requests += 1;
      lastHeaders = request.headers;
      request.resume().once('end', () => response.socket?.end(raw));
    },
    { RETRY_MAX: retries },
  );
  return {
    service,
    set(head: string, body: string | Buffer = '') {
      const bytes = Buffer.from(body);
      const fields = `${head}\r\ncontent-length: ${bytes.length}\r\nconnection: close`;
      raw = Buffer.concat([Buffer.from(`HTTP/1.1 ${fields}\r\n\r\n`), bytes]);
    },
    requests: () => requests,
    lastHeaders: () => lastHeaders,
  };
}

const ask = ({ url }: ServiceProcess, stream = false) =>
  postJson(`${url}/v1/messages`, { ...ASK, stream });

const STATUSES = ['000', '099', '100', '101', '103', '199', '204', '205', '304', '600', '999'];

test('a status that HTTP does not have for an answer is a 502 in Anthropic’s shape', async (t) => {
  const upstream = await answering(t);
  for (const status of STATUSES) {
    upstream.set(`${status} Odd\r\ncontent-type: application/json`, '{"type":"message"}');
    for (const stream of [false, true]) {
      const answer = await ask(upstream.service, stream);
      assert.equal(answer.status, 502, `${status}, stream: ${stream}: ${answer.text}`);
      assert.equal(JSON.parse(answer.text).error.type, 'api_error', status);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    }
  }
});

const MISSHAPEN: readonly [body: string, type: string, message: RegExp][] = [
  ['{"message":"Forbidden"}', 'invalid_request_error', /^Forbidden$/],
  ['{"error":"no such route"}', 'invalid_request_error', /^no such route$/],
  [
    '{"type":"error","error":{"type":5,"message":[]}}',
    'invalid_request_error',
    /without a message/,
  ],
  ['{"type":"error","error":{"type":"rate_limit_error"}}', 'rate_limit_error', /without a message/],
  ['{}', 'invalid_request_error', /^the upstream answered 422 without a message$/],
];
test('an error in JSON of another form gets the API’s, with what it says', async (t) => {
  const upstream = await answering(t);
  for (const [body, type, message] of MISSHAPEN) {
    upstream.set('422 Odd\r\ncontent-type: application/json', body);
    for (const stream of [false, true]) {
      const answer = await ask(upstream.service, stream);
      assert.equal(answer.status, 422, body);
      const { error, ...rest } = JSON.parse(answer.text);
      assert.deepEqual([rest.type, error.type], ['error', type], body);
      assert.match(error.message, message);
    }
  }
  const inForm = '{"type":"error", "error":{"type":"error_of_tomorrow","message":"m"},"more":1}';
  upstream.set('422 Odd\r\ncontent-type: application/json', inForm);
  assert.equal((await ask(upstream.service)).text, inForm);
});

const USED = '"usage":{"input_tokens":7,"output_tokens":9}';
const PAID: readonly [name: string, type: string, body: string, stream: boolean, status: number][] =
  [
    ['JSON for a stream', 'application/json', `{"type":"message",${USED}}`, true, 200],
    [
      'JSON that says it is text',
      'text/plain; charset=utf-8',
      `{"type":"message",${USED}}`,
      true,
      200,
    ],
    [
      'a stream for JSON',
      'text/event-stream',
      `event: message_start\ndata: {"message":{${USED}}}\n\n`,
      false,
      502,
    ],
  ];
const CODINGS = {
  identity: (body: string) => body,
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
} as const;
for (const [name, type, body, stream, status] of PAID) {
  test(`${name}, in any coding: one attempt, and its tokens count`, async (t) => {
    const upstream = await answering(t, '2');
    for (const [coding, encode] of Object.entries(CODINGS)) {
      const before = upstream.requests();
      upstream.set(`200 OK\r\ncontent-type: ${type}\r\ncontent-encoding: ${coding}`, encode(body));
      const answer = await ask(upstream.service, stream);
      assert.equal(answer.status, status, `${coding}: ${answer.text}`);
      if (status === 200) assert.equal(answer.text, body);
      assert.equal(upstream.requests(), before + 1);
      const id = answer.headers['x-correlation-id'];
      const line = await upstream.service.line(
        (l) => l['msg'] === 'call' && l['correlation_id'] === id,
      );
      assert.partialDeepStrictEqual(line['usage'], { inputTokens: 7, outputTokens: 9 });
    }
  });
}

test('a body that is not in its coding, or in one that nobody knows, is a 502 after one attempt', async (t) => {
  const upstream = await answering(t, '2');
  const cut = gzipSync('{"type":"message"}').subarray(0, 12);
  const huge = gzipSync(Buffer.alloc(65 * 2 ** 20));
  for (const [coding, body] of [
    ['gzip', '{}'],
    ['gzip', cut],
    ['gzip', huge],
    ['br', '{}'],
    ['gzip, br', '{}'],
    ['rot13', '{}'],
  ] as const) {
    for (const stream of [false, true]) {
      const before = upstream.requests();
      upstream.set(`200 OK\r\ncontent-encoding: ${coding}`, body);
      const answer = await ask(upstream.service, stream);
      assert.equal(answer.status, 502, `${coding}: ${answer.text}`);
      assert.equal(JSON.parse(answer.text).error.type, 'api_error');
      assert.equal(upstream.requests(), before + 1);
    }
  }
});

test('an upstream is asked for answers without a coding, and a stream in one is passed on decoded', async (t) => {
  const upstream = await answering(t);
  const stream = 'event: content_block_delta\ndata: {}\n\nevent: message_stop\ndata: {}\n\n';
  upstream.set(
    '200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip',
    gzipSync(stream),
  );
  const answer = await ask(upstream.service, true);
  assert.equal(answer.text, stream);
  assert.equal(upstream.lastHeaders()['accept-encoding'], 'identity');
});

/** Our key as JSON, URLs and others write it; a JSON text with one of them still is one. */
const SPELT: readonly string[] = [
  JSON.stringify(KEY).slice(1, -1),
  KEY.replace('p', '\\u0070').replaceAll('/', '\\/').replaceAll('"', '\\u0022'),
  encodeURIComponent(KEY),
  encodeURIComponent(KEY).replaceAll('%2F', '%2f').replace('p', '%70'),
  KEY.replaceAll('-', '&#45;').replaceAll('"', '&quot;').replaceAll('&', '&amp;'),
  Buffer.from(KEY).toString('base64'),
  Buffer.from(`x${KEY}`).toString('base64url'),
  Buffer.from(KEY).toString('hex').toUpperCase(),
];
const MESSAGE = (text: string) => `{"type":"message","content":[{"type":"text","text":"${text}"}]}`;
const ERROR = (text: string) => `{"type":"error","error":{"type":"api_error","message":"${text}"}}`;
const STREAM = (text: string) =>
  [
    `: ${text}\n\n`,
    `id: ${text}\nevent: message_start\ndata: {"message":{"id":"${text}"}}\n\n`,
    `event: content_block_delta\ndata: {"delta":{"text":"${text}"}}\n\n`,
    `event: ${text}\ndata: {}\n\n`,
    `event: error\ndata: ${ERROR(text)}\n\n`,
  ].join('');

/** Everything that the key may read as. */
function hasKey(text: string): boolean {
  const plain = text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return [text, plain].some((t) => SPELT.some((spelt) => t.includes(spelt)) || t.includes(KEY));
}

describe('our key in an upstream’s answer', async () => {
  const KINDS: readonly [
    name: string,
    status: string,
    type: string,
    make: (t: string) => string,
  ][] = [
    ['a 200', '200', 'application/json', MESSAGE],
    ['a 307', '307', 'application/json', MESSAGE],
    ['a 400', '400', 'application/json', ERROR],
    ['a 401', '401', 'application/json', ERROR],
    ['a 529', '529', 'application/json', ERROR],
    ['a page', '502', 'text/html', (text) => `<p>${text}`],
    ['an error in a 200', '200', 'application/json', ERROR],
    [
      'an error with a key twice',
      '400',
      'application/json',
      (text) => `{"a":"${text}","type":"error","a":"x","error":{"message":"\\n"}}`,
    ],
    ['a stream', '200', 'text/event-stream', STREAM],
    [
      'an error before content',
      '200',
      'text/event-stream',
      (text) => `event: error\ndata: ${ERROR(text)}\n\n`,
    ],
  ];
  for (const [name, status, type, make] of KINDS) {
    test(`our key in ${name}, in any spelling, reaches no caller`, async (t) => {
      const upstream = await answering(t);
      for (const spelt of SPELT) {
        const inHeader = encodeURIComponent(KEY);
        upstream.set(
          `${status} X\r\ncontent-type: ${type}\r\nrequest-id: ${KEY}\r\nretry-after: ${inHeader}`,
          make(spelt),
        );
        const answers = [
          await ask(upstream.service, type === 'text/event-stream'),
          await postJson(`${upstream.service.url}/v1/batch`, { requests: [{ params: ASK }] }),
        ];
        for (const { text, headers } of answers) {
          assert(!hasKey(text), `${spelt}: ${text}`);
          assert(!hasKey(Object.values(headers).join('\n')), JSON.stringify(headers));
          if (type === 'application/json') JSON.parse(text);
        }
      }
    });
  }
});

test('an answer without a secret passes byte for byte, whatever else it holds', async (t) => {
  const upstream = await answering(t);
  const text = '\\u0073k-ant-of-another, bob@example.com, 100%25 &amp; \\/ 4111 1111 1111 1111';
  upstream.set('200 OK\r\ncontent-type: application/json', ` ${MESSAGE(text)}\n`);
  assert.equal((await ask(upstream.service)).text, ` ${MESSAGE(text)}\n`);
});

/** Bodies that cost more than they seem to, over the app alone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { AppError } from '../errors.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { aResult, serveApp } from '../testing/app.ts';
import { jsonOf, postJson, rawRequest } from '../testing/http.ts';
import { ASK, BODY, MODEL } from '../testing/messages.ts';
import { eventually } from '../testing/poll.ts';

disabledTelemetry({ trusts: () => false });

interface ErrorReply {
  readonly error: { readonly type: string; readonly message: string };
}

const CODINGS = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const;

const million = (item: string) => `[${`${item},`.repeat(999_999)}${item}]`;

const WIDE: readonly [name: string, path: string, body: string, says: RegExp][] = [
  [
    'messages that are numbers',
    '/v1/messages',
    `{"model":"x","max_tokens":1,"messages":[${'0,'.repeat(400_000)}0]}`,
    /^messages\.0: /,
  ],
  [
    'messages that are numbers, to be counted',
    '/v1/messages/count_tokens',
    `{"model":"x","messages":[${'0,'.repeat(400_000)}0]}`,
    /^messages\.0: /,
  ],
  [
    'requests of a batch',
    '/v1/batch',
    `{"requests":[${'0,'.repeat(400_000)}0]}`,
    /^requests: at most/,
  ],
  [
    'prompts of a batch',
    '/v1/batch',
    `{"prompts":[${'0,'.repeat(400_000)}0]}`,
    /^prompts: at most/,
  ],
  ['values', '/v1/messages', `{"model":"x","max_tokens":1,"messages":${million('0')}}`, /values$/],
  ['lists', '/v1/messages', million('[]'), /values$/],
  ['objects', '/v1/batch', `{"requests":${million('{}')}}`, /values$/],
  [
    'keys',
    '/v1/batch',
    `{${Array.from({ length: 300_000 }, (_, i) => `"k${i}":0`).join(',')}}`,
    /not permitted: "k0"/,
  ],
];

describe('hostile bodies', () => {
  for (const [name, path, body, says] of WIDE) {
    test(`body: hundreds of thousands of ${name} are a 400 that names the first problem`, async (t) => {
      const { url, calls } = await serveApp(t, undefined, {}, { bodyLimit: 8e6, bodyBudget: 32e6 });
      const reply = await postJson(url + path, body);
      assert.equal(reply.status, 400);
      assert.match(jsonOf<ErrorReply>(reply).error.message, says);
      assert.equal(calls.length, 0);
    });
  }

  for (const [coding, compress] of CODINGS) {
    test(`body: one that inflates over a hundredfold by ${coding} is a 400`, async (t) => {
      const limits = { bodyLimit: 32e6, bodyBudget: 64e6 };
      const { url } = await serveApp(t, undefined, {}, limits);
      const bomb = compress(Buffer.from(BODY.replace('Hello', ' '.repeat(30_000_000))));
      const reply = await postJson(`${url}/v1/messages`, bomb, { 'content-encoding': coding });
      assert.equal(reply.status, 400);
      assert.match(jsonOf<ErrorReply>(reply).error.message, /inflates/);
    });

    test(`body: a good one in ${coding} is read`, async (t) => {
      const { url, calls } = await serveApp(t);
      const headers = { 'content-encoding': coding.toUpperCase() };
      assert.equal((await postJson(`${url}/v1/messages`, compress(BODY), headers)).status, 200);
      assert.equal(calls[0]?.body, BODY);
    });

    const good = compress(BODY);
    const flipped = Buffer.from(good);
    flipped.writeUInt8(255 - flipped.readUInt8(good.length - 6), good.length - 6);
    const defects: readonly [string, Buffer][] = [
      ['something else', Buffer.from(BODY)],
      ['nothing', Buffer.alloc(0)],
      ['its first half', good.subarray(0, good.length / 2)],
      ['all but its last byte', good.subarray(0, -1)],
      ['a flipped byte', flipped],
      ['more behind its end', Buffer.concat([good, Buffer.from('more')])],
    ];
    test(`body: ${coding} with a defect is a 400, whatever the defect`, async (t) => {
      const { url, calls, rejections } = await serveApp(t);
      for (const [defect, bytes] of defects) {
        const headers = { 'content-encoding': coding };
        const reply = await postJson(`${url}/v1/messages`, bytes, headers);
        assert.equal(reply.status, 400, defect);
        assert.equal(jsonOf<ErrorReply>(reply).error.type, 'invalid_request_error', defect);
      }
      assert.equal(calls.length, 0);
      assert.deepEqual(
        new Set(rejections.map(([, outcome]) => outcome)),
        new Set(['invalid_request']),
      );
    });
  }

  for (const coding of ['compress', 'gzip, br', 'gzip, gzip', 'nonsense', '*']) {
    test(`body: the coding "${coding}" is a 400 that names those that are read`, async (t) => {
      const { url } = await serveApp(t);
      const reply = await postJson(`${url}/v1/messages`, BODY, { 'content-encoding': coding });
      assert.equal(reply.status, 400);
      assert.match(reply.text, /content-encoding: must be one of gzip/);
    });
  }

  for (const coding of ['identity', '', 'Identity, identity']) {
    test(`body: the coding "${coding}" is none`, async (t) => {
      const { url } = await serveApp(t);
      const reply = await postJson(`${url}/v1/messages`, BODY, { 'content-encoding': coding });
      assert.equal(reply.status, 200);
    });
  }

  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  for (const [path, body] of [
    ['/v1/messages', `{"model":"x","max_tokens":1,"messages":[{"role":"user","content":${deep}}]}`],
    ['/v1/messages/count_tokens', `{"model":"x","messages":[{"role":"user","content":${deep}}]}`],
    ['/v1/batch', `{"requests":[{"params":{"model":"x","x":${deep}}}]}`],
    ['/v1/batch', `{"prompts":["a"],"x":${deep}}`],
  ] as const) {
    test(`body: 10,000 levels for ${path} are a 400: ${body.slice(0, 20)}`, async (t) => {
      const { url, calls } = await serveApp(t);
      assert.equal((await postJson(url + path, body)).status, 400);
      assert.equal(calls.length, 0);
    });
  }

  for (const path of ['/v1/messages', '/v1/batch']) {
    test(`body: no message of ${path} quotes more than 300 characters`, async (t) => {
      const { url } = await serveApp(t, undefined, {}, { bodyLimit: 4e6, bodyBudget: 16e6 });
      const key = '😀'.repeat(200_000);
      for (const body of [
        { [key]: 1 },
        { requests: [{ params: 1, [key]: 1 }] },
        { requests: [{ params: 1 }], [key]: 1 },
        { ...ASK, max_tokens: key },
      ]) {
        const { status, text } = await postJson(url + path, body);
        assert.equal(status, 400);
        assert.ok(text.length < 600, String(text.length));
        assert.ok(text.isWellFormed());
      }
    });
  }
});

describe('byte budget', () => {
  const large = JSON.stringify({
    ...ASK,
    messages: [{ role: 'user', content: 'x'.repeat(900_000) }],
  });

  test('body: one without room is a 503 that says when to come again, and small ones still fit', async (t) => {
    const answers = Promise.withResolvers<void>();
    const answer = async () => {
      await answers.promise;
      return aResult();
    };
    // Two bodies that were read take half of their size each.
    const limits = { bodyLimit: 1e6, bodyBudget: 1.9e6 };
    const { url, calls, rejections } = await serveApp(t, answer, {}, limits);
    const post = (body: string) => postJson(`${url}/v1/messages`, body);
    const running = [post(large)];
    await eventually(() => calls.length === 1);
    running.push(post(large));
    await eventually(() => calls.length === 2);
    const refused = await post(large);
    assert.equal(refused.status, 503);
    assert.equal(jsonOf<ErrorReply>(refused).error.type, 'overloaded_error');
    assert.ok(Number(refused.headers['retry-after']) > 0);
    assert.deepEqual(
      rejections.map(([, outcome]) => outcome),
      ['shed'],
    );
    running.push(post(BODY));
    await eventually(() => calls.length === 3);
    answers.resolve();
    for (const reply of running) assert.equal((await reply).status, 200);
    assert.equal((await post(large)).status, 200);
  });

  test('body: an upload that breaks off gives its bytes back', async (t) => {
    const limits = { bodyLimit: 1e6, bodyBudget: 1.1e6 };
    const { port, url } = await serveApp(t, undefined, {}, limits);
    for (let i = 0; i < 3; i++) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 950000\r\n\r\n',
      );
      await new Promise((resolve) => socket.write('x'.repeat(800_000), resolve));
      socket.destroy();
    }
    await eventually(async () => (await postJson(`${url}/v1/messages`, large)).status === 200);
  });
});

describe('bodies that are refused before they are sent', () => {
  const head = (headers: string) =>
    `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n\r\n`;

  test('body: one that is announced as too large is a 413 at once, and the connection closes', async (t) => {
    const { port, rejections } = await serveApp(t);
    const answer = await rawRequest(port, head('content-length: 40000000'));
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.match(answer, /"request_too_large"/);
    assert.deepEqual(
      rejections.map(([, outcome]) => outcome),
      ['invalid_request'],
    );
  });

  for (const [what, target, status] of [
    ['is too large', '/v1/messages', 413],
    ['has no route', '/nowhere', 404],
  ] as const) {
    test(`body: a client who sends all of one that ${what} before they read still gets the ${status}`, async (t) => {
      const { port } = await serveApp(t, undefined, {}, { bodyLimit: 1_000, bodyBudget: 4_000 });
      // More than the buffers of both sides hold, so that an early close would be a reset.
      const body = 'x'.repeat(20_000_000);
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.pause();
      const sent = `POST ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
      await new Promise((resolve) => socket.write(sent + body, resolve));
      let answer = '';
      for await (const chunk of socket) answer += chunk;
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} .*"type":"error"`, 's'));
    });
  }

  test('body: nobody is told to continue with one that will be refused', async (t) => {
    const { port } = await serveApp(t);
    const answer = await rawRequest(port, head('content-length: 40000000\r\nexpect: 100-continue'));
    assert.match(answer, /^HTTP\/1\.1 413 /);
  });

  test('body: whoever asks is told to continue with one that will be read', async (t) => {
    const { port } = await serveApp(t);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      head(`content-length: ${BODY.length}\r\nexpect: 100-continue\r\nconnection: close`),
    );
    const [first] = await once(socket, 'data');
    assert.equal(String(first), 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(BODY);
    let rest = '';
    for await (const chunk of socket) rest += chunk;
    assert.match(rest, /^HTTP\/1\.1 200 /);
  });

  test('body: one in chunks beyond the limit is a 413', async (t) => {
    const { port } = await serveApp(t, undefined, {}, { bodyLimit: 1_000, bodyBudget: 4_000 });
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`;
    const answer = await rawRequest(port, head('transfer-encoding: chunked') + chunk);
    assert.match(answer, /^HTTP\/1\.1 413 /);
  });
});

describe('bodies keep the text that they were sent with', () => {
  const odd = '"n":12345678901234567890,"x":1.0,"x":-0,"t":"\\u0041\\/"';
  const params = `{ ${odd}, "model":"${MODEL}","max_tokens":1,"messages":[{"role":"user"}] }`;

  test('batch: an item goes upstream as it was written', async (t) => {
    const { url, calls } = await serveApp(t);
    await postJson(
      `${url}/v1/batch`,
      `{"requests":[0],"requests":[{"params":1,"params":${params}}]}`,
    );
    assert.deepEqual(
      calls.map(({ body }) => body),
      [params],
    );
  });

  test('batch: what prompts share goes upstream as it was written', async (t) => {
    const { url, calls } = await serveApp(t);
    await postJson(`${url}/v1/batch`, `{${odd},"model":"${MODEL}","max_tokens":1,"prompts":["a"]}`);
    assert.equal(
      calls[0]?.body,
      `{"n":12345678901234567890,"x":1.0,"x":-0,"t":"\\u0041\\/","model":"${MODEL}","max_tokens":1,"messages":[{"role":"user","content":"a"}]}`,
    );
  });

  test('batch: shared fields that would be sent too often are refused', async (t) => {
    const { url } = await serveApp(t, undefined, {}, { bodyLimit: 1e6, bodyBudget: 4e6 });
    const prompts = Array.from({ length: 100 }, () => 'a');
    const reply = await postJson(`${url}/v1/batch`, {
      ...ASK,
      system: 'x'.repeat(400_000),
      prompts,
    });
    assert.equal(reply.status, 400);
    assert.match(reply.text, /too long to be sent with each/);
  });

  test('batch: an answer comes down as it was written, and one that is not JSON fails alone', async (t) => {
    const answer = `{"content":[{"type":"tool_use","input":{${odd}}}]}`;
    const answers = [answer, '<html>', '', '{"a":', answer];
    const { url } = await serveApp(t, () => aResult({ data: answers.shift() ?? '' }));
    const requests = Array.from({ length: 5 }, (_, i) => ({ custom_id: `${i}`, params: ASK }));
    const { status, text } = await postJson(`${url}/v1/batch`, { requests, concurrency: 1 });
    assert.equal(status, 200);
    assert.equal(text.split(`"message":${answer}`).length, 3);
    const { results, counts } = JSON.parse(text);
    assert.deepEqual(counts, { succeeded: 2, errored: 3 });
    assert.deepEqual(
      results.map(({ custom_id, status }: { custom_id: string; status: number }) => [
        custom_id,
        status,
      ]),
      [
        ['0', 200],
        ['1', 502],
        ['2', 502],
        ['3', 502],
        ['4', 200],
      ],
    );
  });

  test('AppError: a long message is cut between characters', () => {
    const { message } = new AppError('invalid_request', `a${'😀'.repeat(400)}`);
    assert.ok(message.length <= 300 && message.endsWith('😀…') && message.isWellFormed());
  });
});

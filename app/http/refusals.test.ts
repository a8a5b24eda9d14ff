/** Requests that never become one, byte for byte over real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { CallInput } from '../claude/client.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { aResult, serveApp } from '../testing/app.ts';
import { rawRequest } from '../testing/http.ts';
import { capturedLogger } from '../testing/logs.ts';
import { BODY } from '../testing/messages.ts';
import { eventually } from '../testing/poll.ts';

disabledTelemetry({ trusts: () => false });

async function serve(t: TestContext, answer?: Parameters<typeof serveApp>[1]) {
  const refused: string[] = [];
  const { logger, lines } = capturedLogger();
  const onRefused = (reason: string) => void refused.push(reason);
  const app = await serveApp(t, answer, { logger, onRefused });
  return { ...app, refused, lines };
}

/** The parts of one raw response. */
function parse(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d+) /.exec(head)?.[1]);
  const id = /^x-correlation-id: (.*)$/im.exec(head)?.[1]?.trim();
  return { status, id, head, body };
}

const AT = 'host: localhost\r\nconnection: close\r\n';
const POST = 'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n';

const REFUSED: readonly [what: string, sent: string, status: number, reason: string][] = [
  ['what is no HTTP', 'hello\r\n\r\n', 400, 'malformed'],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'malformed'],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed'],
  ['a version that is none', `GET /v1/models HTTP/9.9\r\n${AT}\r\n`, 400, 'malformed'],
  [
    'a header without a colon',
    `GET /v1/models HTTP/1.1\r\n${AT}nonsense\r\n\r\n`,
    400,
    'malformed',
  ],
  ['NUL in a target', `GET /v1/\0 HTTP/1.1\r\n${AT}\r\n`, 400, 'malformed'],
  ['two lengths', `${POST}content-length: 1\r\ncontent-length: 2\r\n\r\n`, 400, 'malformed'],
  [
    'a length and chunks',
    `${POST}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
    400,
    'malformed',
  ],
  ['a chunk without a size', `${POST}transfer-encoding: chunked\r\n\r\nzzz\r\n`, 400, 'malformed'],
  [
    'chunk extensions of 20 kB',
    `${POST}transfer-encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\n`,
    413,
    'too_large',
  ],
  ['headers of 20 kB', `GET / HTTP/1.1\r\n${AT}x: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'too_large'],
  ['a target of 20 kB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${AT}\r\n`, 431, 'too_large'],
  ['CONNECT', `CONNECT example.com:443 HTTP/1.1\r\n${AT}\r\n`, 405, 'method'],
  ['half a URL as target', `GET http://[ HTTP/1.1\r\n${AT}\r\n`, 400, 'bad_target'],
  ['a URL without a host', `GET http:// HTTP/1.1\r\n${AT}\r\n`, 400, 'bad_target'],
  ['an asterisk as target', `OPTIONS * HTTP/1.1\r\n${AT}\r\n`, 400, 'bad_target'],
  ['a URL of another scheme', `GET ftp://localhost/ HTTP/1.1\r\n${AT}\r\n`, 400, 'bad_target'],
  ['no Host', 'GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'malformed'],
  ['two Hosts', `GET /v1/models HTTP/1.1\r\n${AT}host: localhost\r\n\r\n`, 400, 'malformed'],
  [
    'a Host with userinfo',
    'GET /v1/models HTTP/1.1\r\nhost: a@localhost\r\nconnection: close\r\n\r\n',
    400,
    'malformed',
  ],
  [
    'another host',
    'GET /v1/models HTTP/1.1\r\nhost: evil.example:8080\r\norigin: http://evil.example:8080\r\nconnection: close\r\n\r\n',
    403,
    'foreign_host',
  ],
  [
    'another host in the target',
    `GET http://evil.example/v1/models HTTP/1.1\r\n${AT}\r\n`,
    403,
    'foreign_host',
  ],
];
for (const [what, sent, status, reason] of REFUSED) {
  test(`server: ${what} is a ${status} in Anthropic’s shape, counted as ${reason} and logged without a stack`, async (t) => {
    const { port, refused, lines, calls } = await serve(t);
    const answer = parse(await rawRequest(port, sent));
    assert.equal(answer.status, status, answer.head);
    const { type, error, request_id } = JSON.parse(answer.body);
    assert.equal(type, 'error');
    assert.equal(typeof error.message, 'string');
    assert.match(error.type, /_error$|^request_too_large$/);
    assert.equal(request_id, answer.id);
    assert.match(answer.head, /^x-content-type-options: nosniff$/im);
    assert.match(answer.id ?? '', /^[0-9a-f]{32}$/);
    assert.deepEqual(refused, [reason]);
    const logged = await eventually(() => lines().find((l) => l['status'] === status));
    assert.equal(logged['correlation_id'] ?? answer.id, answer.id);
    assert.equal(logged['client_address'], '127.0.0.1');
    assert(!JSON.stringify(lines()).includes('stack'));
    assert.deepEqual(calls, []);
  });
}

const SERVED: readonly [what: string, sent: string, status: number][] = [
  ['an expectation that nobody knows', `GET /v1/models HTTP/1.1\r\n${AT}expect: tea\r\n\r\n`, 200],
  [
    'an upgrade to WebSocket',
    'GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n',
    200,
  ],
  ['TRACE', `TRACE /v1/models HTTP/1.1\r\n${AT}\r\n`, 405],
  [
    'a path that begins with two slashes',
    `GET //evil.example/v1/models HTTP/1.1\r\n${AT}\r\n`,
    404,
  ],
  ['a letter of a path in percent code', `POST /v1/%6dessages HTTP/1.1\r\n${AT}\r\n`, 404],
  ['a path that is no percent code', `GET /v1/models/%zz HTTP/1.1\r\n${AT}\r\n`, 400],
  ['an absolute target', `GET http://LOCALHOST.:1/v1/models HTTP/1.1\r\n${AT}\r\n`, 200],
];
for (const [what, sent, status] of SERVED) {
  test(`server: ${what} is a ${status} with a correlation ID and an access line`, async (t) => {
    const { port, refused, lines } = await serve(t);
    const answer = parse(await rawRequest(port, sent));
    assert.equal(answer.status, status, answer.head);
    assert.match(answer.head, /^x-content-type-options: nosniff$/im);
    assert(answer.id);
    const { status: logged } = await eventually(() => lines().find((l) => l['msg'] === 'request'));
    assert.equal(logged, status);
    assert.deepEqual(refused, []);
  });
}

test('server: a body that is no HTTP is refused with the ID that its request has', async (t) => {
  const { port, refused } = await serve(t);
  const sent = `${POST}x-correlation-id: mine\r\ntransfer-encoding: chunked\r\n\r\nno length\r\n`;
  const { status, id, head, body } = parse(await rawRequest(port, sent));
  assert.deepEqual([status, id, refused], [400, 'mine', ['malformed']]);
  assert.equal(JSON.parse(body).request_id, 'mine');
  assert.match(head, /^x-content-type-options: nosniff$/im);
});

test('server: what follows a whole request is refused without a word in between', async (t) => {
  const release = Promise.withResolvers<void>();
  const { port, refused, calls } = await serve(t, async () => {
    await release.promise;
    return aResult();
  });
  const answer = rawRequest(
    port,
    `${POST}content-length: ${BODY.length}\r\n\r\n${BODY}hello\r\n\r\n`,
  );
  await eventually(() => refused.length > 0 && calls.length > 0);
  release.resolve();
  const text = await answer;
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(text.split('HTTP/1.1').length, 2, text);
  assert.deepEqual(refused, ['malformed']);
});

/** A client’s call that takes until its signal is aborted, and fails as its reason says. */
const untilAborted = ({ signal }: CallInput) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

test('server: a call goes no further when the rest of its request is no HTTP, and is answered once', async (t) => {
  const { port, refused, lines } = await serve(t, untilAborted);
  const sent = `GET /v1/models HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz`;
  const text = await rawRequest(port, sent);
  assert.equal(text.split('HTTP/1.1').length, 2, text);
  const { status, head, body } = parse(text);
  assert.equal(status, 400);
  assert.match(head, /^connection: close$/im);
  assert.equal(JSON.parse(body).error.type, 'invalid_request_error');
  assert.deepEqual(refused, ['malformed']);
  assert(!JSON.stringify(lines()).includes('unexpected'));
});

test('server: every whole request is answered before what is no HTTP closes the connection', async (t) => {
  const release = Promise.withResolvers<void>();
  const { port, refused, calls } = await serve(t, async () => {
    await release.promise;
    return aResult();
  });
  const whole = `${POST}content-length: ${BODY.length}\r\n\r\n${BODY}`;
  for (const tail of ['hello\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\n\r\n']) {
    const answer = rawRequest(port, whole + whole + tail);
    await eventually(() => refused.length > 0);
    release.resolve();
    const text = await answer;
    assert.equal(text.match(/HTTP\/1\.1 200 /g)?.length, 2, text);
    assert.equal(text.split('HTTP/1.1').length, 3, text);
    refused.length = 0;
  }
  assert.equal(calls.length, 4);
});

test('server: a whole request keeps its answer when the next one breaks off, which gets its own', async (t) => {
  const release = Promise.withResolvers<void>();
  const { port, refused } = await serve(t, async () => {
    await release.promise;
    return aResult();
  });
  const whole = `${POST}content-length: ${BODY.length}\r\n\r\n${BODY}`;
  const answer = rawRequest(port, `${whole}${POST}transfer-encoding: chunked\r\n\r\nzz\r\n`);
  await eventually(() => refused.length > 0);
  release.resolve();
  const text = await answer;
  assert.match(text, /^HTTP\/1\.1 200 .*HTTP\/1\.1 400 /s);
  assert.equal(text.split('HTTP/1.1').length, 3, text);
});

test('server: what still arrives behind what is no HTTP does not take along the answer to the whole request before it', async (t) => {
  const { port, server, refused } = await serve(t);
  const accepted = once(server, 'connection');
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [ours] = (await accepted) as [Socket];
  socket.write(`GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\nhello\r\n\r\n`);
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) text += chunk;
  assert.match(text, /^HTTP\/1\.1 200 /);
  // A close with bytes unread would be a reset.
  assert.deepEqual([ours.writableEnded, ours.destroyed], [true, false]);
  const closed = once(ours, 'close');
  socket.end('more');
  await closed;
  assert.deepEqual(refused, ['malformed']);
});

/** Sends a request, closes this side of the connection, and reads what still comes. */
async function halfClosed(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

test('server: a caller who closes their side has left, so the call ends, and is told so', async (t) => {
  const { port, lines } = await serve(t, untilAborted);
  const text = await halfClosed(port, `${POST}content-length: ${BODY.length}\r\n\r\n${BODY}`);
  const { status, body } = parse(text);
  assert.equal(status, 499);
  assert.match(JSON.parse(body).error.message, /closed the connection/);
  const line = await eventually(() => lines().find(({ msg }) => msg === 'request'));
  assert.equal(line['status'], 499);
});

test('server: a caller who closes their side within an upload gets a 400 that says so', async (t) => {
  const { port, refused, calls, rejections } = await serve(t);
  const text = await halfClosed(port, `${POST}content-length: 100\r\n\r\n{"model"`);
  const { status, body } = parse(text);
  assert.equal(status, 400, text);
  assert.match(JSON.parse(body).error.message, /closed within the request/);
  assert.deepEqual([refused, calls], [['malformed'], []]);
  assert.deepEqual(
    rejections.map(([, outcome]) => outcome),
    ['invalid_request'],
  );
});

test('server: a thousand bad requests are all counted, and a few of them logged', async (t) => {
  const { port, refused, lines } = await serve(t);
  for (let i = 0; i < 20; i += 1) {
    await Promise.all(Array.from({ length: 50 }, () => rawRequest(port, 'hello\r\n\r\n')));
  }
  assert.equal(refused.length, 1_000);
  const logged = lines().filter(({ msg }) => msg === 'request refused').length;
  assert(logged >= 10 && logged < 500, `${logged} lines`);
});

test('server: a client that goes away in the middle of a head is no refused request', async (t) => {
  const { port, refused, lines } = await serve(t);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET /v1/models HTT');
  socket.resetAndDestroy();
  await rawRequest(port, 'hello\r\n\r\n');
  assert.deepEqual(refused, ['malformed']);
  assert.equal(lines().length, 1);
});

/** Requests that do not arrive in time, on a server whose patience is short. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listen, rawRequest } from '../testing/http.ts';
import { capturedLogger } from '../testing/logs.ts';
import { createServer, SERVER_DEFAULTS } from './server.ts';

async function serve(t: TestContext, app: RequestListener) {
  const refused: string[] = [];
  const { logger, lines } = capturedLogger();
  const { server } = createServer(
    app,
    { logger, onRefused: (reason) => void refused.push(reason) },
    {
      ...SERVER_DEFAULTS,
      headersTimeout: 100,
      requestTimeout: 200,
      connectionsCheckingInterval: 20,
    },
  );
  return { server, port: await listen(t, server), refused, lines };
}

const neverAnswers: RequestListener = (_request, response) => {
  response.setHeader('x-correlation-id', 'of-the-request');
};
const POST = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n12345';

for (const [what, sent] of [
  ['nothing', ''],
  ['half a head', 'GET / HTTP/1.1\r\nho'],
] as const) {
  test(`server: a client that sends ${what} gets 408 in Anthropic’s shape, counted and logged`, async (t) => {
    const { port, refused, lines } = await serve(t, neverAnswers);
    const answer = await rawRequest(port, sent);
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error.type, 'invalid_request_error');
    assert.deepEqual(refused, ['timeout']);
    assert.equal(lines()[0]?.['status'], 408);
  });
}

test('server: half a body gets 408 with the correlation ID of its request', async (t) => {
  const { port, refused } = await serve(t, neverAnswers);
  const answer = await rawRequest(port, POST);
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.equal(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').request_id, 'of-the-request');
  assert.deepEqual(refused, ['timeout']);
});

test('server: an answer that has begun is not followed by an error of the rest of its request', async (t) => {
  for (const end of [true, false]) {
    const { port, refused } = await serve(t, (_request, response) => {
      response.writeHead(401, { 'content-length': end ? 2 : 5 });
      response.write('no');
      if (end) response.end();
      else setTimeout(() => response.end('way'), 600);
    });
    const answer = await rawRequest(port, POST);
    assert.match(answer, end ? /\r\n\r\nno$/ : /\r\n\r\nnoway$/);
    assert.deepEqual(refused, ['timeout']);
  }
});

test('server: a connection that cannot be accepted ends nothing', async (t) => {
  const { server, port, lines } = await serve(t, (_request, response) => response.end('ok'));
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  assert.equal(lines()[0]?.['level'], 'error');
  const answer = await rawRequest(port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  assert.match(answer, /ok$/);
});

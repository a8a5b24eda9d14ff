import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listen, rawRequest } from '../testing/http.ts';
import { capturedLogger } from '../testing/logs.ts';
import { createMetricsServer } from './metrics-server.ts';

async function serve(t: TestContext, hasMetrics = true) {
  const refused: string[] = [];
  const server = createMetricsServer({
    scrape: hasMetrics ? (_request, response) => response.end('up 1\n') : undefined,
    allowedHosts: ['service'],
    logger: capturedLogger().logger,
    onRefused: (reason) => void refused.push(reason),
  });
  return { port: await listen(t, server), refused };
}

const ASKED: readonly [request: string, status: number, body: string][] = [
  ['GET /metrics host: localhost', 200, 'up 1'],
  ['GET /metrics?name=a host: localhost', 200, 'up 1'],
  ['GET /metrics host: 10.0.0.7:9464', 200, 'up 1'],
  ['GET /metrics host: service:9464', 200, 'up 1'],
  ['HEAD /metrics host: localhost', 200, ''],
  ['POST /metrics host: localhost', 405, 'Method Not Allowed'],
  ['GET / host: localhost', 404, 'see /metrics'],
  ['GET /metrics/ host: localhost', 404, 'see /metrics'],
  ['GET http://[ host: localhost', 400, 'exactly one valid Host'],
  ['GET /metrics host: evil.example:9464', 403, 'this host is not served here'],
  ['GET http://evil.example/metrics host: localhost', 403, 'this host is not served here'],
  ['GET /metrics x: no host', 400, 'exactly one valid Host'],
];
for (const [request, status, body] of ASKED) {
  test(`metrics server: ${request} → ${status}`, async (t) => {
    const { port, refused } = await serve(t);
    const [, line, header] = /^(\S+ \S+) (.*)$/.exec(request) ?? [];
    const sent = `${line} HTTP/1.1\r\n${header}\r\nconnection: close\r\n\r\n`;
    const answer = await rawRequest(port, sent);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(answer.includes(body) && (body !== '' || !answer.includes('up 1')), true, answer);
    const reason = { 400: 'malformed', 403: 'foreign_host' }[status];
    assert.deepEqual(refused, reason ? [reason] : []);
  });
}

test('metrics server: what is not HTTP is refused and counted, and large headers are', async (t) => {
  const { port, refused } = await serve(t);
  assert.match(await rawRequest(port, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const large = `GET /metrics HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(9_000)}\r\n\r\n`;
  assert.match(await rawRequest(port, large), /^HTTP\/1\.1 431 /);
  assert.deepEqual(refused, ['malformed', 'too_large']);
});

test('metrics server: without metrics there is nothing to scrape', async (t) => {
  const { port } = await serve(t, false);
  const answer = await rawRequest(
    port,
    'GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
  );
  assert.match(answer, /^HTTP\/1\.1 404 /);
});

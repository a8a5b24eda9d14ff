/** How the process stops: what it waits for, what it cuts, and what its telemetry says of that. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { listen } from './testing/http.ts';
import {
  ask,
  bodyOf,
  SPANS_PER_CALL,
  serviceWithSimulator,
  startObservedService,
  waitForSpans,
} from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';
import { listening, spawnService } from './testing/service-process.ts';

const NO_SPANS = { OTEL_TRACES_EXPORTER: 'none' };
/** Longer than any test may take: whoever waits for it fails. */
const LONG_MS = '600000';

async function open(t: TestContext, url: string, sent = ''): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  if (sent) socket.write(sent);
  return socket;
}

test('a stop: connections without a request are closed soon', async (t) => {
  const { service } = await serviceWithSimulator(t, { ...NO_SPANS, SHUTDOWN_TIMEOUT_MS: LONG_MS });
  const idle = await open(t, service.url, 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(idle, 'data');
  await open(t, service.url);
  await open(t, service.url, 'GET /v1/models HTTP/1.1\r\nho');
  await open(t, service.metricsUrl);
  assert.equal(await service.stop(), 0);
});

test('a stop: a signal that comes while the keys are first read is kept, and ends the process in order', async (t) => {
  const vault = createServer();
  const port = await listen(t, vault);
  const read = once(vault, 'request');
  const child = spawnService({
    OTEL_TRACES_EXPORTER: 'none',
    CLAUDE_KEYS: 'vault:secret/claude',
    VAULT_ADDR: `http://127.0.0.1:${port}`,
    VAULT_TOKEN: 'token',
  });
  t.after(() => child.kill('SIGKILL'));
  const service = listening(child);
  const [, response] = await read;
  child.kill('SIGTERM');
  response.writeHead(404).end();
  const { line, stop } = await service;
  await line(({ msg }) => msg === 'stopped');
  assert.equal(await stop(), 0);
});

test('a stop: while it leaves, /readyz says 503 and calls are taken', async (t) => {
  const { service } = await serviceWithSimulator(t, { ...NO_SPANS, DRAIN_DELAY_MS: '5000' });
  const stopped = service.stop();
  await eventually(async () => (await fetch(`${service.url}/readyz`)).status === 503);
  assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
  const answer = await ask(service.url);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('connection'), 'close');
  assert.equal(await stopped, 0);
});

test('a stop: a second signal cuts nothing', async (t) => {
  const { service, simulator } = await serviceWithSimulator(t, NO_SPANS);
  simulator.setFaults([{ kind: 'slow', delayMs: 1_500, probability: 1 }]);
  const pending = ask(service.url, {}, bodyOf({ stream: true }));
  await eventually(async () => (await simulator.connections()) > 0);
  const stopped = service.stop();
  await service.line(({ msg }) => msg === 'stopping');
  service.child.kill('SIGINT');
  await service.line(({ msg }) => String(msg).startsWith('stopping already'));
  assert((await (await pending).text()).includes('event: message_stop'));
  assert.equal(await stopped, 0);
});

test('a stop: a third signal ends the process', async (t) => {
  const { service, simulator } = await serviceWithSimulator(t, {
    ...NO_SPANS,
    SHUTDOWN_TIMEOUT_MS: LONG_MS,
  });
  simulator.setFaults([{ kind: 'hang', probability: 1 }]);
  const pending = assert.rejects(ask(service.url));
  await eventually(async () => (await simulator.connections()) > 0);
  const stopped = service.stop();
  await service.line(({ msg }) => msg === 'stopping');
  service.child.kill('SIGTERM');
  await service.line(({ msg }) => String(msg).startsWith('stopping already'));
  service.child.kill('SIGTERM');
  assert.equal(await stopped, 1);
  await pending;
});

/** A call that hangs at the upstream until the stop cuts it. */
async function cutCall(t: TestContext, kind: 'hang' | 'stream_hang', path: string, body: string) {
  const { service, simulator, store, close } = await startObservedService({
    SHUTDOWN_TIMEOUT_MS: '1000',
    ADMISSION_LIMIT: '1',
  });
  t.after(close);
  simulator.setFaults([{ kind, probability: 1 }]);
  const id = randomUUID();
  const pending = fetch(service.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-correlation-id': id },
    body,
  });
  await eventually(async () => (await simulator.connections()) > 0);
  // A stream has begun once its head has arrived.
  if (kind === 'stream_hang') await pending;
  const stopped = service.stop();
  const response = await pending;
  const text = await response.text();
  assert.equal(await stopped, 0);
  return { id, response, text, service, store };
}

const CALLS: readonly [what: string, kind: 'hang' | 'stream_hang', status: number][] = [
  ['a stream gets whole events and an error event', 'stream_hang', 200],
  ['a complete call gets 503', 'hang', 503],
];
for (const [what, kind, status] of CALLS) {
  test(`a stop at its limit: ${what}, counts as shed, and its spans are exported`, async (t) => {
    const body = bodyOf({ stream: kind === 'stream_hang' });
    const { id, response, text, service, store } = await cutCall(t, kind, '/v1/messages', body);
    assert.equal(response.status, status);
    const event = /(?:^|\n\n)event: error\ndata: (.*)\n\n$/.exec(text)?.[1];
    const { error, request_id } = JSON.parse(status === 200 ? (event ?? '') : text);
    assert.deepEqual(error, { type: 'api_error', message: 'this instance is shutting down' });
    assert.equal(request_id, id);
    const spans = await waitForSpans(store, id, SPANS_PER_CALL);
    const outcomes = spans.map(({ attributes }) => attributes['claude.outcome']).filter(Boolean);
    assert.deepEqual(outcomes, ['shed', 'shed']);
    const line = service.lines.find(({ msg }) => msg === 'call');
    assert.equal(line?.['outcome'], 'shed');
    assert(!service.lines.some(({ msg }) => msg === 'attempt failed' || msg === 'circuit opened'));
    assert.equal(service.lines.find(({ msg }) => msg === 'request')?.['status'], status);
  });
}

test('a stop at its limit: an upload that is not complete gets 503', async (t) => {
  const { service } = await serviceWithSimulator(t, { ...NO_SPANS, SHUTDOWN_TIMEOUT_MS: '500' });
  const head = 'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n';
  // The invitation to send its body shows that the request has begun.
  const upload = await open(t, service.url, `${head}expect: 100-continue\r\n\r\n`);
  await once(upload, 'data');
  upload.write('{');
  const stopped = service.stop();
  const answer = String(await once(upload, 'data'));
  assert.match(answer, /^HTTP\/1\.1 503 [\s\S]*this instance is shutting down/);
  assert.equal(await stopped, 0);
  assert.equal(service.lines.find(({ msg }) => msg === 'call')?.['outcome'], 'shed');
});

test('a stop at its limit: a batch gets its results, those that were cut or waited as errors', async (t) => {
  const params = JSON.parse(bodyOf());
  const requests = Array.from({ length: 3 }, (_, i) => ({ custom_id: `${i}`, params }));
  const body = JSON.stringify({ requests });
  const { response, text, service } = await cutCall(t, 'hang', '/v1/batch', body);
  assert.equal(response.status, 200);
  const { results } = JSON.parse(text) as { results: { type: string; status: number }[] };
  assert.deepEqual(
    results.map(({ type, status }) => [type, status]),
    [
      ['errored', 503],
      ['errored', 503],
      ['errored', 503],
    ],
  );
  const outcomes = service.lines.filter(({ msg }) => msg === 'call').map((l) => l['outcome']);
  assert.deepEqual(outcomes, ['shed', 'shed', 'shed']);
});

/** Callers who do not read what they asked for, over real sockets: answers, errors, batches, streams. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { parseEvents } from '../anthropic/sse.ts';
import { ConcurrencyLimiter } from '../callers/concurrency.ts';
import type { CallInput, CallResult } from '../claude/client.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { aResult, serveApp } from '../testing/app.ts';
import { ASK } from '../testing/messages.ts';
import { eventually } from '../testing/poll.ts';
import { dropSilentReaders } from './silent-readers.ts';

disabledTelemetry({ trusts: () => false });

/** Ends a silent reader sooner than thirty seconds. */
const SILENCE_MS = 1_000;
/** More than the kernel keeps for a reader who takes nothing. */
const LARGE = `{"type":"message","text":"${'x'.repeat(30 * 2 ** 20)}"}`;

async function serve(t: TestContext, answer?: (input: CallInput) => CallResult) {
  const limiter = new ConcurrencyLimiter({ limit: 100, queue: 0, waitMs: 60_000, paused: 10 });
  const served = await serveApp(t, answer, { limiter });
  dropSilentReaders(served.server, SILENCE_MS);
  return { ...served, limiter };
}

/** A connection that has sent these requests and reads nothing. */
function silent(t: TestContext, port: number, ...requests: readonly string[]): Socket {
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => {});
  for (const request of requests) socket.write(request);
  t.after(() => socket.destroy());
  return socket;
}

function post(path: string, body: object | string): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}

/** A caller learns of a reset only when the connection is used, so the server is asked. */
async function connectionsEnd(server: {
  getConnections(done: (e: unknown, n: number) => void): void;
}) {
  await eventually(
    () => new Promise<boolean>((resolve) => server.getConnections((_, n) => resolve(n === 0))),
    { timeoutMs: 30_000 },
  );
}

async function* endless() {
  for (;;) yield Buffer.from(`event: content_block_delta\ndata: ${'x'.repeat(60_000)}\n\n`);
}

test('a stream that its caller does not read is cut, its slot is free, and the call was cancelled', async (t) => {
  const { port, calls, limiter, server } = await serve(t, () =>
    aResult({ headers: {}, data: parseEvents(endless()) }),
  );
  for (let i = 0; i < 20; i++) silent(t, port, post('/v1/messages', { ...ASK, stream: true }));
  await eventually(() => calls.length === 20);
  await connectionsEnd(server);
  await eventually(() => limiter.counts().active === 0);
  assert(calls.every(({ signal }) => signal.aborted));
});

test('a complete answer that its caller does not read is dropped with its connection', async (t) => {
  const { port, calls, limiter, server } = await serve(t, () => aResult({ data: LARGE }));
  silent(t, port, post('/v1/messages', ASK));
  await eventually(() => calls.length === 1);
  await connectionsEnd(server);
  await eventually(() => limiter.counts().active === 0);
});

test('a batch result that its caller does not read is dropped with its connection', async (t) => {
  const { port, calls, server } = await serve(t, () => aResult({ data: LARGE }));
  silent(t, port, post('/v1/batch', { requests: [{ params: ASK }] }));
  await eventually(() => calls.length === 1);
  await connectionsEnd(server);
});

for (const [name, request] of [
  ['404s', post('/nowhere', '')],
  ['400s', post('/v1/messages', '{')],
  ['health checks', 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'],
] as const) {
  test(`${name} that are asked for in one go and not read are dropped with their connection`, async (t) => {
    const { port, server } = await serve(t);
    const socket = silent(t, port);
    await once(socket, 'connect');
    // The server stops reading once its answers wait; until then the kernel takes them.
    for (let sent = 0; sent < 200_000 && !socket.writableNeedDrain; sent += 1_000) {
      socket.write(request.repeat(1_000));
      await new Promise(setImmediate);
    }
    await connectionsEnd(server);
  });
}

test('more requests on a connection whose answer is not read do not prolong it', async (t) => {
  const { port, calls, server } = await serve(t, () => aResult({ data: LARGE }));
  const socket = silent(t, port, post('/v1/messages', ASK));
  await eventually(() => calls.length === 1);
  const timer = setInterval(() => socket.write('GET /healthz HTTP/1.1\r\nhost: l\r\n\r\n'), 50);
  t.after(() => clearInterval(timer));
  await connectionsEnd(server);
});

test('a caller who reads slowly but steadily gets all of a complete answer and of a stream', async (t) => {
  const events = async function* () {
    for (let i = 0; i < 500; i++) yield Buffer.from(`: ${'x'.repeat(60_000)}\n\n`);
  };
  const { port } = await serve(t, ({ stream }) =>
    aResult(stream ? { data: parseEvents(events()) } : { data: LARGE }),
  );
  for (const stream of [false, true]) {
    const startedMs = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify({ ...ASK, stream }),
    });
    let read = 0;
    let rested = 0;
    for await (const chunk of response.body ?? []) {
      read += chunk.length;
      if (read - rested < 200_000) continue;
      rested = read;
      await delay(25);
    }
    assert(read >= 30_000_000, `${read} bytes`);
    assert(performance.now() - startedMs > 2 * SILENCE_MS, 'longer than the limit of silence');
  }
});

test('a connection that waits for the upstream, or for its next request, is not cut', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = async function* () {
    yield Buffer.from(': one\n\n');
    await promise;
    yield Buffer.from(': two\n\n');
  };
  const { port, server } = await serve(t, () => aResult({ data: parseEvents(slow()) }));
  const idle = connect(port, '127.0.0.1');
  t.after(() => idle.destroy());
  const [socket] = await once(server, 'connection');
  const response = await fetch(`http://127.0.0.1:${port}/v1/messages`, {
    method: 'POST',
    body: JSON.stringify({ ...ASK, stream: true }),
  });
  const startedMs = performance.now();
  await eventually(() => performance.now() - startedMs > 2 * SILENCE_MS);
  resolve();
  assert.equal(await response.text(), ': one\n\n: two\n\n');
  assert.equal(socket.destroyed, false);
});

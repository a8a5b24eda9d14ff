/** Streams over real HTTP, with a stub of the client: pace, back-pressure, disconnects. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { parseEvents, SseParser } from '../anthropic/sse.ts';
import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { aResult, serveApp } from '../testing/app.ts';
import { events } from '../testing/fakes.ts';
import { ASK } from '../testing/messages.ts';

disabledTelemetry({ trusts: () => false });

const BODY = JSON.stringify({ ...ASK, stream: true });
/** A comment of 64 kB: an event that nobody reads. */
const CHUNK = Buffer.from(`: ${' '.repeat(64 * 1024)}\n\n`);

/** Serves an app whose client streams `source`. */
function serve(
  t: TestContext,
  source: () => AsyncIterable<Uint8Array>,
  outcome: Promise<Outcome> = Promise.resolve('success'),
) {
  const headers = { 'content-type': 'text/event-stream' };
  return serveApp(t, () => aResult({ headers, data: parseEvents(source()), outcome }));
}

async function post(port: number): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v1/messages`, { method: 'POST', body: BODY });
}

/** Sends a request and reads nothing of the response. */
function silentReader(port: number) {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write(
    `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  );
  return socket;
}

/** Resolves when the count has begun and stays the same from one look to the next. */
async function settled(count: () => number): Promise<void> {
  for (let before = -1; count() === 0 || count() !== before; ) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('write-response: each event is sent as soon as it arrives', async (t) => {
  const second = Promise.withResolvers<void>();
  const { port } = await serve(t, async function* () {
    yield Buffer.from(': one\n\n');
    await second.promise;
    yield Buffer.from(': two\n\n');
  });
  const reader = (await post(port)).body?.getReader();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), ': one\n\n');
  second.resolve();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), ': two\n\n');
  assert.equal((await reader?.read())?.done, true);
});

test('write-response: an error inside a stream is an event in Anthropic’s shape', async (t) => {
  const { port } = await serve(t, async function* () {
    yield Buffer.from('event: ping\ndata: {}\n\n');
    throw new AppError('timeout', 'the upstream fell silent');
  });
  const response = await post(port);
  const [, event] = (await response.text()).split('\n\n');
  const body = JSON.parse(/^event: error\ndata: (.*)$/.exec(event ?? '')?.[1] ?? '{}');
  assert.equal(body.error.type, 'timeout_error');
  assert.equal(body.request_id, response.headers.get('x-correlation-id'));
});

test('write-response: an error after an event that never ended is an event of its own', async (t) => {
  for (const half of [
    'data: {"half',
    'data: {"half":1}\n',
    ': half a comment',
    'event: error\r\n',
  ]) {
    const { port } = await serve(t, async function* () {
      yield Buffer.from(`event: ping\ndata: {}\n\n${half}`);
      throw new AppError('network_error', 'the upstream cannot be reached');
    });
    const events = new SseParser().push(Buffer.from(await (await post(port)).text()));
    const errors = events.filter(({ type }) => type === 'error');
    assert.equal(errors.length, 1, half);
    assert.equal(JSON.parse(errors[0]?.data ?? '').error.type, 'api_error', half);
  }
});

test('write-response: secrets in a complete error of the upstream are redacted, a success is not', async (t) => {
  const text = JSON.stringify({ type: 'error', error: { message: 'sk-ant-of-ours' } });
  for (const [status, expected] of [
    [400, text.replace('sk-ant-of-ours', '[redacted]')],
    [200, text],
  ] as const) {
    const { port } = await serveApp(t, () => aResult({ status, data: text }));
    assert.equal(await (await post(port)).text(), expected);
  }
});

test('write-response: a complete answer is JSON whatever its upstream calls it, and a stream is a stream', async (t) => {
  const typeOf = async (type: string | undefined, stream: boolean) => {
    const headers = { ...(type !== undefined && { 'content-type': type }) };
    const data = stream ? events(': a\n\n') : '{}';
    const { port } = await serveApp(t, () => aResult({ headers, data }));
    return (await post(port)).headers.get('content-type');
  };
  const others = [
    'text/html',
    'text/plain; charset=utf-8',
    'application/xhtml+xml',
    'image/svg+xml',
  ];
  for (const type of [...others, 'application/jsonp', undefined]) {
    assert.equal(await typeOf(type, false), 'application/json');
  }
  assert.equal(
    await typeOf('application/json; charset=utf-8', false),
    'application/json; charset=utf-8',
  );
  assert.equal(await typeOf(undefined, true), 'text/event-stream; charset=utf-8');
});

test('write-response: a long answer passes whole, wherever its pieces cut a character', async (t) => {
  for (const start of ['', 'x', 'é']) {
    const data = JSON.stringify({ text: start + '👋é'.repeat(100_000), lone: '\\ud83d' });
    const { port } = await serveApp(t, () => aResult({ data }));
    const answer = await post(port);
    assert.equal(await answer.text(), data);
    assert.equal(answer.headers.get('content-length'), String(Buffer.byteLength(data)));
  }
});

test('write-response: a header that Node would refuse to send is left out', async (t) => {
  const headers = { 'request-id': 'a\x7fb', 'retry-after': '€', 'anthropic-ratelimit-ü': '1' };
  const { port } = await serveApp(t, () => aResult({ headers }));
  const answer = await post(port);
  assert.equal(answer.status, 200);
  assert.deepEqual(
    [answer.headers.get('request-id'), answer.headers.get('retry-after')],
    [null, null],
  );
});

test('write-response: a stream whose head cannot be sent is not left unread', async (t) => {
  const data = parseEvents(
    (async function* () {
      for (;;) yield CHUNK;
    })(),
  );
  const { port, calls } = await serveApp(t, () => aResult({ status: 1_000, data }));
  await assert.rejects(post(port));
  assert.equal(calls[0]?.signal.aborted, true);
});

test('write-response: a client that does not read costs no memory, and its leaving ends the stream', async (t) => {
  const ended = Promise.withResolvers<void>();
  let produced = 0;
  const { port, calls } = await serve(t, async function* () {
    try {
      for (; produced < 10_000; produced += 1) yield CHUNK;
    } finally {
      ended.resolve();
    }
  });
  const socket = silentReader(port);
  await settled(() => produced);
  assert(produced < 1_000, `${produced} chunks of 64 kB were taken from the upstream`);
  socket.destroy();
  await ended.promise;
  assert.equal(calls[0]?.signal.aborted, true);
});

test('write-response: a call that has ended keeps no slot for a client that does not read', async (t) => {
  const { promise: outcome, resolve } = Promise.withResolvers<Outcome>();
  let produced = 0;
  const { port, calls } = await serve(
    t,
    async function* () {
      for (; ; produced += 1) yield CHUNK;
    },
    outcome,
  );
  silentReader(port).on('error', () => {});
  await settled(() => produced);
  const signal = calls[0]?.signal as AbortSignal;
  assert.equal(signal.aborted, false);
  const closed = once(signal, 'abort');
  resolve('timeout');
  await closed;
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createRawServer, type LookupFunction } from 'node:net';
import { type TestContext, test } from 'node:test';
import { MockAgent } from 'undici';
import type { EventStream } from '../anthropic/sse.ts';
import { AppError } from '../errors.ts';
import type { PipelineRequest } from '../pipeline/stage.ts';
import { anUpstream, aRequest } from '../testing/fakes.ts';
import { eventually } from '../testing/poll.ts';
import { createPool, type PoolOptions, poolStates } from './pool.ts';
import { createTransport } from './trae-transport.ts';

const POOL: PoolOptions = {
  connections: 4,
  connectTimeoutMs: 1_000,
  keepAliveMs: 4_000,
  idleTimeoutMs: 1_000,
  maxAgeMs: 60_000,
};

async function listen(t: TestContext, server: Server, host: string, port = 0): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function aTransport(t: TestContext, url: string, part: Partial<PoolOptions> = {}) {
  const pool = createPool({ ...POOL, ...part });
  t.after(() => pool.destroy());
  const transport = createTransport(pool);
  const upstream = anUpstream({ baseUrl: url });
  const send = (part: Partial<PipelineRequest> = {}) => transport(aRequest({ upstream, ...part }));
  return { pool, send };
}

test('transport: a change in DNS is followed under load and fails no call', async (t) => {
  const answer =
    (name: string): RequestListener =>
    (_, response) =>
      response.end(name);
  const port = await listen(t, createServer(answer('old')), '127.0.0.1');
  await listen(t, createServer(answer('new')), '127.0.0.2', port);
  let address = '127.0.0.1';
  const lookup: LookupFunction = (_name, _options, done) => done(null, [{ address, family: 4 }]);
  const { send } = aTransport(t, `http://upstream.test:${port}`, { lookup, maxAgeMs: 50 });
  const seen = new Set<unknown>();
  const until = (wanted: string) =>
    eventually(async () => {
      const { data } = await send();
      seen.add(data);
      return data === wanted;
    });
  await until('old');
  address = '127.0.0.2';
  await until('new');
  assert.deepEqual([...seen], ['old', 'new']);
});

test('transport: sockets that the server closes while idle fail no call', async (t) => {
  let closed = 0;
  const server = createServer((_, response) => {
    const socket = response.socket;
    // No header announces the close, as with a load balancer's idle timeout.
    response.once('finish', () => setTimeout(() => socket?.end(), 1));
    socket?.once('close', () => {
      closed += 1;
    });
    response.end('{}');
  });
  server.keepAliveTimeout = 0;
  const port = await listen(t, server, '127.0.0.1');
  const { send } = aTransport(t, `http://127.0.0.1:${port}`);
  for (let i = 0; i < 100; i++) {
    assert.equal((await send()).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  assert(closed > 50, `${closed} sockets were closed`);
});

test('transport: a socket closed at the very moment of a request is a retryable network error', async (t) => {
  const server = createRawServer((socket) => {
    let n = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (!chunk.includes('POST ')) return;
      n += 1;
      if (n > 1) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { send } = aTransport(t, `http://127.0.0.1:${port}`, { connections: 1 });
  await send();
  await assert.rejects(send(), { code: 'network_error', retryable: true });
  assert.equal((await send()).status, 200);
});

test('pool: open, free and pending connections are counted', async (t) => {
  const waiting: (() => void)[] = [];
  const server = createServer((_, response) => waiting.push(() => response.end('{}')));
  const port = await listen(t, server, '127.0.0.1');
  const { pool, send } = aTransport(t, `http://127.0.0.1:${port}`, { connections: 2 });
  assert.deepEqual(poolStates(pool), { open: 0, free: 0, pending: 0 });
  const all = Promise.all([send(), send(), send()]);
  while (waiting.length < 2) await once(server, 'request');
  assert.deepEqual(poolStates(pool), { open: 2, free: 0, pending: 1 });
  for (const answer of waiting.splice(0)) answer();
  while (waiting.length < 1) await once(server, 'request');
  waiting[0]?.();
  await all;
  // A connection is free a moment after its response has ended.
  while (poolStates(pool).free < 2) await new Promise(setImmediate);
  assert.deepEqual(poolStates(pool), { open: 2, free: 2, pending: 0 });
});

test('pool: a request does not look at the clock for each connection that is busy', async (t) => {
  const busy = 20;
  const waiting: ServerResponse[] = [];
  const server = createServer((_, response) => void waiting.push(response));
  const port = await listen(t, server, '127.0.0.1');
  const { send } = aTransport(t, `http://127.0.0.1:${port}`, { connections: busy + 1 });
  const all = Array.from({ length: busy }, () => send());
  await eventually(() => waiting.length === busy);
  const { mock } = t.mock.method(Date, 'now');
  const last = send();
  const looks = mock.callCount();
  await eventually(() => waiting.length > busy);
  for (const response of waiting) response.end('{}');
  await Promise.all([...all, last]);
  assert(looks < busy, `${looks} looks`);
});

test('pool: a connection that has gone leaves no timer of its age behind', async (t) => {
  const server = createServer((_, response) =>
    response.writeHead(200, { connection: 'close' }).end('{}'),
  );
  const port = await listen(t, server, '127.0.0.1');
  // No other timer has this length.
  const maxAgeMs = 54_321;
  const { pool, send } = aTransport(t, `http://127.0.0.1:${port}`, { maxAgeMs });
  const set = t.mock.method(globalThis, 'setTimeout');
  const cleared = t.mock.method(globalThis, 'clearTimeout');
  const gone = once(pool, 'disconnect');
  await send();
  await gone;
  const timer = set.mock.calls.find((call) => call.arguments[1] === maxAgeMs)?.result;
  assert(timer, 'the connection had a timer of its age');
  assert(cleared.mock.calls.some((call) => call.arguments[0] === timer));
});

test('transport: a caller who gives up while waiting for a connection leaves at once and is never sent', async (t) => {
  let asked = 0;
  const { promise: busy, resolve } = Promise.withResolvers<void>();
  const server = createServer(() => {
    asked += 1;
    resolve();
  });
  const port = await listen(t, server, '127.0.0.1');
  const { pool, send } = aTransport(t, `http://127.0.0.1:${port}`, { connections: 1 });
  const caller = new AbortController();
  const first = send({ signal: caller.signal });
  await busy;
  const gone = new Error('gone');
  const controller = new AbortController();
  const queued = send({ signal: controller.signal });
  while (poolStates(pool).pending < 1) await new Promise(setImmediate);
  controller.abort(gone);
  await assert.rejects(queued, gone);
  caller.abort(gone);
  await assert.rejects(first, gone);
  assert.equal(asked, 1);
});

test('transport: a response over 64 MiB is given up and not retryable', async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, 0x20);
  const server = createServer((_, response) => {
    const fill = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', fill);
    fill();
  });
  const port = await listen(t, server, '127.0.0.1');
  const { send } = aTransport(t, `http://127.0.0.1:${port}`);
  await assert.rejects(send(), { code: 'bad_upstream_response', retryable: false });
});

test('transport: a stream that breaks on its way is a retryable network error without the address', async (t) => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: ping\ndata: {}\n\nevent: pi', () => response.destroy());
  });
  const port = await listen(t, server, '127.0.0.1');
  const { send } = aTransport(t, `http://127.0.0.1:${port}`);
  const { data, status } = await send({ stream: true });
  assert.equal(status, 200);
  let text = '';
  const read = async () => {
    for await (const events of data as EventStream) {
      for (const { raw } of events) text += Buffer.from(raw);
    }
  };
  await assert.rejects(read(), (error: Error) => {
    assert(error instanceof AppError && error.code === 'network_error' && error.retryable);
    assert(!error.message.includes(String(port)));
    return true;
  });
  assert.equal(text, 'event: ping\ndata: {}\n\n', 'half an event is dropped');
});

test('transport: a list of lines that falls silent is a retryable timeout', async (t) => {
  const server = createServer((_, response) => response.writeHead(200).write('{}\n'));
  const port = await listen(t, server, '127.0.0.1');
  const { send } = aTransport(t, `http://127.0.0.1:${port}`, { idleTimeoutMs: 50 });
  const { data } = await send({ stream: true, lines: true });
  const read = async () => {
    for await (const _ of data as EventStream);
  };
  await assert.rejects(read(), { code: 'timeout', retryable: true });
});

test('transport: a request without an upstream is never sent', async (t) => {
  const { send } = aTransport(t, 'http://127.0.0.1:9');
  const none = aRequest();
  await assert.rejects(createTransport(createPool(POOL))(none), { code: 'internal_error' });
  await assert.rejects(send({ url: 'http://127.0.0.1:9/v1/messages' }), { code: 'internal_error' });
});

test('transport: an event over 8 MiB ends the stream, and is not retryable', async (t) => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`event: error\ndata: ${'x'.repeat(9 * 2 ** 20)}\n\n`);
  });
  const port = await listen(t, server, '127.0.0.1');
  const { send } = aTransport(t, `http://127.0.0.1:${port}`);
  const { data } = await send({ stream: true });
  const read = async () => {
    for await (const _ of data as EventStream);
  };
  await assert.rejects(read(), { code: 'bad_upstream_response', retryable: false });
});

for (const body of ['short', 'x'.repeat(4_000_000)]) {
  test(`transport: an upstream that refuses a body of ${body.length} bytes before it has read it is heard`, async (t) => {
    const server = createRawServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.end('HTTP/1.1 431 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { send } = aTransport(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (let i = 0; i < 5; i++) {
      const { status, data } = await send({ method: 'POST', body });
      assert.deepEqual([status, data], [431, '']);
    }
  });
}

test('transport: a refused connection and a name that does not exist are told apart', async (t) => {
  const causes: string[] = [];
  const { call } = aRequest();
  const attempt = {
    ...call.startAttempt('one'),
    setNetworkCause: (cause: string) => void causes.push(cause),
  };
  const closed = createRawServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  const lookup: LookupFunction = (_name, _options, done) =>
    done(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), []);
  for (const [url, part] of [
    [`http://127.0.0.1:${port}`, {}],
    ['http://upstream.test', { lookup }],
  ] as const) {
    await assert.rejects(aTransport(t, url, part).send({ attempt }), { code: 'network_error' });
  }
  assert.deepEqual(causes, ['refused', 'dns']);
});

test('transport: a lack of descriptors is ours, no fault of the upstream, and not retried here', async (t) => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  t.after(() => agent.close());
  const lacking = Object.assign(new Error('connect EMFILE 127.0.0.1:1'), { code: 'EMFILE' });
  agent
    .get('http://upstream.test')
    .intercept({ path: () => true, method: 'POST' })
    .replyWithError(lacking);
  const upstream = anUpstream({ baseUrl: 'http://upstream.test' });
  await assert.rejects(createTransport(agent)(aRequest({ upstream })), {
    code: 'resources_exhausted',
    status: 503,
    retryable: false,
  });
});

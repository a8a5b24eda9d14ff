import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createRawServer, type LookupFunction } from 'node:net';
import { type TestContext, test } from 'node:test';
import { aRequest } from '../testing/fakes.ts';
import { eventually } from '../testing/poll.ts';
import { createPool, createTransport, type PoolOptions, poolStates } from './trae-transport.ts';

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
  const send = createTransport(url, pool);
  return { pool, send, ask: () => send(aRequest(), 'text') };
}

test('a change in DNS is followed under load, and costs no call', async (t) => {
  const answer =
    (name: string): RequestListener =>
    (_, response) =>
      response.end(name);
  const port = await listen(t, createServer(answer('old')), '127.0.0.1');
  await listen(t, createServer(answer('new')), '127.0.0.2', port);
  let address = '127.0.0.1';
  const lookup: LookupFunction = (_name, _options, done) => done(null, [{ address, family: 4 }]);
  const { ask } = aTransport(t, `http://upstream.test:${port}`, { lookup, maxAgeMs: 50 });
  const seen = new Set<unknown>();
  const until = (wanted: string) =>
    eventually(async () => {
      const { data } = await ask();
      seen.add(data);
      return data === wanted;
    });
  await until('old');
  address = '127.0.0.2';
  await until('new');
  assert.deepEqual([...seen], ['old', 'new']);
});

test('sockets that the server closes while they are idle fail no call', async (t) => {
  let closed = 0;
  const server = createServer((_, response) => {
    const socket = response.socket;
    // No header announces it, as with a balancer that has lost its patience.
    response.once('finish', () => setTimeout(() => socket?.end(), 1));
    socket?.once('close', () => {
      closed += 1;
    });
    response.end('{}');
  });
  server.keepAliveTimeout = 0;
  const port = await listen(t, server, '127.0.0.1');
  const { ask } = aTransport(t, `http://127.0.0.1:${port}`);
  for (let i = 0; i < 100; i++) {
    assert.equal((await ask()).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  assert(closed > 50, `${closed} sockets were closed`);
});

test('a socket closed at the very moment of a request is a network error, to be asked again', async (t) => {
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
  const { ask } = aTransport(t, `http://127.0.0.1:${port}`, { connections: 1 });
  await ask();
  await assert.rejects(ask(), { code: 'network_error', retryable: true });
  assert.equal((await ask()).status, 200);
});

test('the pool’s states are counted', async (t) => {
  const waiting: (() => void)[] = [];
  const server = createServer((_, response) => waiting.push(() => response.end('{}')));
  const port = await listen(t, server, '127.0.0.1');
  const { pool, ask } = aTransport(t, `http://127.0.0.1:${port}`, { connections: 2 });
  assert.deepEqual(poolStates(pool), { open: 0, free: 0, pending: 0 });
  const all = Promise.all([ask(), ask(), ask()]);
  while (waiting.length < 2) await once(server, 'request');
  assert.deepEqual(poolStates(pool), { open: 2, free: 0, pending: 1 });
  for (const answer of waiting.splice(0)) answer();
  while (waiting.length < 1) await once(server, 'request');
  waiting[0]?.();
  await all;
  // A connection is free a moment after its answer has ended.
  while (poolStates(pool).free < 2) await new Promise(setImmediate);
  assert.deepEqual(poolStates(pool), { open: 2, free: 2, pending: 0 });
});

test('who gives up while he waits for a connection is gone at once, and was never sent', async (t) => {
  let asked = 0;
  const { promise: busy, resolve } = Promise.withResolvers<void>();
  const server = createServer(() => {
    asked += 1;
    resolve();
  });
  const port = await listen(t, server, '127.0.0.1');
  const { pool, send } = aTransport(t, `http://127.0.0.1:${port}`, { connections: 1 });
  const caller = new AbortController();
  const first = send(aRequest({ signal: caller.signal }), 'text');
  await busy;
  const gone = new Error('gone');
  const controller = new AbortController();
  const queued = send(aRequest({ signal: controller.signal }), 'text');
  while (poolStates(pool).pending < 1) await new Promise(setImmediate);
  controller.abort(gone);
  await assert.rejects(queued, gone);
  caller.abort(gone);
  await assert.rejects(first, gone);
  assert.equal(asked, 1);
});

test('an answer without end is given up, and not asked for again', async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, 0x20);
  const server = createServer((_, response) => {
    const fill = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', fill);
    fill();
  });
  const port = await listen(t, server, '127.0.0.1');
  const { ask } = aTransport(t, `http://127.0.0.1:${port}`);
  await assert.rejects(ask(), { code: 'bad_upstream_answer', retryable: false });
});

/** Requests and their answers over real sockets, against a server that does what each test asks of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type LoadRequest, MAX_ANSWER_BYTES } from '../calls/kinds.ts';
import { Sender } from './sender.ts';

const POST: LoadRequest = { method: 'POST', path: '/v1/messages', headers: {}, body: '{}' };
const EVENT_STREAM = { 'content-type': 'text/event-stream; charset=utf-8' };
const delta = (type: string) =>
  `event: content_block_delta\ndata: {"delta":{"type":"${type}"}}\n\n`;

interface Started {
  readonly sender: Sender;
  readonly url: string;
}

async function start(
  t: TestContext,
  listener: RequestListener,
  { timeoutMs = 60_000, prefix = '' } = {},
): Promise<Started> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sender = new Sender({ baseUrl: url + prefix, timeoutMs });
  t.after(async () => {
    await sender.close();
    server.closeAllConnections();
    server.close();
  });
  return { sender, url };
}

test('send: an answer has its status, headers, body and duration, and no times of a stream', async (t) => {
  const { sender } = await start(t, async (req, res) => {
    const asked = `${req.method} ${req.url} ${req.headers['x-correlation-id']} ${await text(req)}`;
    res.writeHead(418, { 'x-simulator': 'yes' }).end(asked);
  });
  const answer = await sender.send({ ...POST, headers: { 'x-correlation-id': 'one' } });
  const { durationMs, headers, ...rest } = answer;
  assert.deepEqual(rest, { status: 418, body: 'POST /v1/messages one {}' });
  assert.equal(headers['x-simulator'], 'yes');
  assert(durationMs > 0);
});

test('send: the path of the base URL comes before that of the request', async (t) => {
  const { sender } = await start(t, (req, res) => res.end(req.url), { prefix: '/claude/' });
  assert.equal(
    (await sender.send({ ...POST, path: '/v1/models?limit=1' })).body,
    '/claude/v1/models?limit=1',
  );
});

test('send: a stream has its first event, its first text and its longest silence', async (t) => {
  const parts = [
    'event: message_start\ndata: {}\n\n',
    delta('thinking_delta'),
    // The mark of a text lies across two chunks.
    delta('text_delta').slice(0, 60),
    delta('text_delta').slice(60),
    'event: message_stop\ndata: {}\n\n',
  ];
  const pausesMs = [0, 10, 10, 300, 10];
  const { sender } = await start(t, async (_, res) => {
    res.writeHead(200, EVENT_STREAM);
    for (const [i, part] of parts.entries()) {
      await new Promise((resolve) => setTimeout(resolve, pausesMs[i]));
      res.write(part);
    }
    res.end();
  });
  const { stream, body, durationMs } = await sender.send(POST);
  assert.equal(body, parts.join(''));
  const { firstEventMs = 0, firstTextMs = 0, longestGapMs = 0 } = stream ?? {};
  assert(firstTextMs - firstEventMs > 200, `text after ${firstTextMs - firstEventMs} ms`);
  assert(longestGapMs > 200 && longestGapMs < firstTextMs, `gap of ${longestGapMs} ms`);
  assert(firstTextMs < durationMs);
});

test('send: a stream without text has no first text', async (t) => {
  const { sender } = await start(t, (_, res) =>
    res.writeHead(200, EVENT_STREAM).end(delta('input_json_delta')),
  );
  assert.equal((await sender.send(POST)).stream?.firstTextMs, undefined);
});

test('send: a text that quotes the mark of a text is none', async (t) => {
  const quoted = `data: {"delta":{"type":"thinking_delta","thinking":${JSON.stringify('"text_delta"')}}}\n\n`;
  const { sender } = await start(t, (_, res) => res.writeHead(200, EVENT_STREAM).end(quoted));
  assert.equal((await sender.send(POST)).stream?.firstTextMs, undefined);
});

test('send: an answer that breaks off is broken, with what arrived of it', async (t) => {
  const { sender } = await start(t, (_, res) => {
    res.writeHead(200, EVENT_STREAM).write('data: 1\n\n', () => res.destroy());
  });
  const { status, body, broken } = await sender.send(POST);
  assert.deepEqual(
    { status, body, broken },
    { status: 200, body: 'data: 1\n\n', broken: 'network_error' },
  );
});

test('send: a server that does not listen is a network error without status', async (t) => {
  const { url } = await start(t, () => undefined);
  const sender = new Sender({ baseUrl: url.replace(/\d+$/, '1'), timeoutMs: 60_000 });
  t.after(() => sender.close());
  const { status, broken } = await sender.send(POST);
  assert.deepEqual({ status, broken }, { status: 0, broken: 'connection_refused' });
});

test('send: a connection that is reset is told apart from other errors of the network', async (t) => {
  const { sender } = await start(t, (req) => req.socket.resetAndDestroy());
  assert.equal((await sender.send(POST)).broken, 'connection_reset');
});

for (const type of ['application/json', 'text/event-stream']) {
  test(`send: an endless answer of ${type} is cut as too large, keeps nothing, and its connection is closed`, async (t) => {
    const closed = Promise.withResolvers<void>();
    const chunk = Buffer.alloc(256 * 1024, ' ');
    const { sender } = await start(t, (_, res) => {
      res.on('close', () => closed.resolve());
      res.writeHead(200, { 'content-type': type });
      const more = () => {
        while (!res.destroyed && res.write(chunk));
      };
      res.on('drain', more);
      more();
    });
    const { status, broken, body } = await sender.send(POST);
    assert.deepEqual(
      { status, broken, body },
      { status: 200, broken: 'answer_too_large', body: '' },
    );
    await closed.promise;
  });
}

test('send: answers that together take too much memory are cut for the want of the driver, which is over with them', async (t) => {
  const { url } = await start(t, (_, res) => res.writeHead(200).write('a'.repeat(600)));
  const sender = new Sender({ baseUrl: url, timeoutMs: 60_000, maxHeldBytes: 1_000 });
  t.after(() => sender.close());
  const first = sender.send(POST);
  assert.deepEqual(
    await Promise.race([first, sender.send(POST)]).then(({ broken, body }) => [broken, body]),
    ['driver_ENOMEM', ''],
  );
  sender.giveUp();
  await first;
  const small = await start(t, (_, res) => res.end('a'.repeat(600)));
  const next = new Sender({ baseUrl: small.url, timeoutMs: 60_000, maxHeldBytes: 1_000 });
  t.after(() => next.close());
  for (let n = 0; n < 5; n++) assert.equal((await next.send(POST)).broken, undefined);
});

test('send: an answer of exactly the largest size is whole', async (t) => {
  const { sender } = await start(t, (_, res) => res.end(Buffer.alloc(MAX_ANSWER_BYTES, 'a')));
  const { broken, body } = await sender.send(POST);
  assert.deepEqual([broken, body.length], [undefined, MAX_ANSWER_BYTES]);
});

test('send: a stream that never ends is cut by the time limit, with what arrived', async (t) => {
  const { sender } = await start(
    t,
    (_, res) => {
      res.writeHead(200, EVENT_STREAM);
      const timer = setInterval(() => res.write('data: 1\n\n'), 5);
      res.on('close', () => clearInterval(timer));
    },
    { timeoutMs: 200 },
  );
  const { broken, body } = await sender.send(POST);
  assert.equal(broken, 'timeout');
  assert.match(body, /^data: 1\n\n/);
});

test('send: an answer that takes longer than the limit is a timeout, and its connection is closed', async (t) => {
  const closed = Promise.withResolvers<void>();
  const { sender } = await start(
    t,
    (req) => {
      req.socket.on('close', () => closed.resolve());
    },
    { timeoutMs: 50 },
  );
  assert.equal((await sender.send(POST)).broken, 'timeout');
  await closed.promise;
});

test('send: a caller who hangs up is gone from the service, and has what arrived before', async (t) => {
  const closed = Promise.withResolvers<void>();
  const { sender } = await start(t, (_, res) => {
    res.on('close', () => closed.resolve());
    res.writeHead(200, EVENT_STREAM).write('data: 1\n\n');
  });
  const { status, broken, body } = await sender.send({ ...POST, hangUpAfterMs: 200 });
  assert.deepEqual(
    { status, broken, body },
    { status: 200, broken: 'hung_up', body: 'data: 1\n\n' },
  );
  await closed.promise;
});

test('send: a caller who would hang up later than the answer has all of it', async (t) => {
  const { sender } = await start(t, (_, res) => res.end('all'));
  const { broken, body } = await sender.send({ ...POST, hangUpAfterMs: 60_000 });
  assert.deepEqual({ broken, body }, { broken: undefined, body: 'all' });
});

test('send: a redirect is not followed', async (t) => {
  const { sender } = await start(t, (_, res) => res.writeHead(307, { location: '/other' }).end());
  assert.equal((await sender.send(POST)).status, 307);
});

test('send: a hundred requests are in flight at once, none waits for a connection', async (t) => {
  let arrived = 0;
  const all = Promise.withResolvers<void>();
  const { sender } = await start(t, async (_, res) => {
    arrived += 1;
    if (arrived === 100) all.resolve();
    await all.promise;
    res.end();
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => sender.send(POST)));
  assert(answers.every(({ status }) => status === 200));
});

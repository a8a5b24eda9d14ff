/** The exchange over real sockets: what arrives, in which pieces, and who may end it. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Agent } from 'undici';
import { listen } from '../testing/http.ts';
import { eventually } from '../testing/poll.ts';
import { type ExchangeOptions, exchange, type Head } from './exchange.ts';

async function serve(t: TestContext, answer: RequestListener) {
  const origin = `http://127.0.0.1:${await listen(t, createServer(answer))}`;
  const agent = new Agent({ connections: 1 });
  t.after(() => agent.destroy());
  const heads: Head[] = [];
  const send = (part: Partial<ExchangeOptions> = {}) =>
    exchange(
      agent,
      { origin, path: '/', method: 'POST', body: '{}' },
      {
        signal: undefined,
        onHead(head) {
          heads.push(head);
          return true;
        },
        ...part,
      },
    );
  const stream = async (part: Partial<ExchangeOptions> = {}) => {
    const { data } = await send({ onHead: () => false, ...part });
    assert(typeof data !== 'string');
    return data;
  };
  return { heads, send, stream };
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return Buffer.concat(read).toString();
}

/** Writes each piece once the one before has been sent. */
async function inPieces(response: ServerResponse, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    await new Promise((resolve) => response.write(piece, resolve));
    await new Promise(setImmediate);
  }
  response.end();
}

test('exchange: a text that arrives byte by byte is whole, without its byte order mark', async (t) => {
  const text = 'Grüße 😀';
  const { send } = await serve(t, (_request, response) => {
    const bytes = Buffer.from(`\ufeff${text}`);
    void inPieces(
      response,
      Array.from(bytes, (byte) => Buffer.of(byte)),
    );
  });
  assert.equal((await send()).data, text);
});

test('exchange: a mark that is all there is, and nothing at all, are empty texts', async (t) => {
  const bodies = ['\ufeff', ''];
  const { send } = await serve(t, (_request, response) => response.end(bodies.shift()));
  assert.equal((await send()).data, '');
  assert.equal((await send()).data, '');
});

test('exchange: an interim response is passed over', async (t) => {
  const { heads, send } = await serve(t, (_request, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</a>; rel=preload' }, () => {
      response.writeHead(201, [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-one', '1'],
      ]);
      response.end('{}');
    });
  });
  const { status, headers, data } = await send();
  assert.deepEqual([status, headers['x-one'], data], [201, '1', '{}']);
  assert.equal(headers['set-cookie'], 'a=1, b=2');
  assert.equal(heads.length, 1);
});

test('exchange: chunks pass as they come, and a reader who does not read holds the sender up', async (t) => {
  const total = 64 * 1024 * 1024;
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let sent = 0;
  let isDone = false;
  const { stream } = await serve(t, (_request, response) => {
    const more = () => {
      while (sent < total) {
        sent += chunk.length;
        if (!response.write(chunk)) return;
      }
      isDone = true;
      response.end();
    };
    response.on('drain', more);
    more();
  });
  const chunks = (await stream())[Symbol.asyncIterator]();
  const first = await chunks.next();
  let received = first.value?.length ?? 0;
  // The sender stands still once the buffers between are full.
  await eventually(async () => {
    const before = sent;
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    return sent === before;
  });
  assert(!isDone, `all of ${sent} bytes were sent to nobody`);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    received += next.value.length;
  }
  assert.equal(received, total);
});

test('exchange: what has come while nobody read passes at once', async (t) => {
  const { stream } = await serve(t, (_request, response) => {
    void inPieces(
      response,
      ['a', 'b', 'c', 'd'].map((text) => Buffer.from(text)),
    );
  });
  const chunks = (await stream())[Symbol.asyncIterator]();
  let all = '';
  let reads = 0;
  // The first may come alone.
  await eventually(async () => {
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    const { done, value } = await chunks.next();
    all += Buffer.from(value ?? []).toString();
    reads += 1;
    return done;
  });
  assert.equal(all, 'abcd');
  assert(reads <= 4, `${reads} reads`);
});

test('exchange: whoever stops reading ends the connection', async (t) => {
  let response: ServerResponse | undefined;
  const { stream } = await serve(t, (_request, other) => {
    response = other;
    other.write('some');
  });
  for await (const chunk of await stream()) {
    assert.equal(Buffer.from(chunk).toString(), 'some');
    break;
  }
  await eventually(() => response?.destroyed);
});

test('exchange: what had arrived before the connection broke is read before the error', async (t) => {
  const { stream } = await serve(t, (_request, response) => {
    response.write('some', () => response.destroy());
  });
  const chunks = (await stream())[Symbol.asyncIterator]();
  const first = await chunks.next();
  assert.equal(Buffer.from(first.value ?? []).toString(), 'some');
  await assert.rejects(chunks.next(), { code: 'UND_ERR_SOCKET' });
  assert.deepEqual(await chunks.next(), { done: true, value: undefined });
});

test('exchange: a text that breaks off is an error', async (t) => {
  const { send } = await serve(t, (_request, response) => {
    response.write('some', () => response.destroy());
  });
  await assert.rejects(send(), { code: 'UND_ERR_SOCKET' });
});

for (const [what, isText] of [
  ['text', true],
  ['stream', false],
] as const) {
  test(`exchange: an abort ends a ${what} with its reason, its connection too`, async (t) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let response: ServerResponse | undefined;
    const { send } = await serve(t, (_request, other) => {
      response = other;
      other.write('some');
    });
    const read = async () => {
      const { data } = await send({
        signal: controller.signal,
        onHead() {
          setImmediate(() => controller.abort(reason));
          return isText;
        },
      });
      return typeof data === 'string' ? data : textOf(data);
    };
    await assert.rejects(read(), reason);
    await eventually(() => response?.destroyed);
  });
}

test('exchange: an abort before there is a connection frees nothing but itself', async (t) => {
  const waiting: ServerResponse[] = [];
  const { send } = await serve(t, (_request, response) => void waiting.push(response));
  const first = send();
  await eventually(() => waiting.length === 1);
  const controller = new AbortController();
  const second = send({ signal: controller.signal });
  const reason = new Error('gone');
  controller.abort(reason);
  await assert.rejects(second, reason);
  waiting[0]?.end('{}');
  assert.equal((await first).data, '{}');
  const third = send();
  await eventually(() => waiting.length === 2);
  waiting[1]?.end('[]');
  assert.equal((await third).data, '[]');
});

test('exchange: no listener stays on a signal once the exchange has ended', async (t) => {
  const { signal } = new AbortController();
  const { send, stream } = await serve(t, (_request, response) => response.end('some'));
  await send({ signal });
  assert.equal(await textOf(await stream({ signal })), 'some');
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

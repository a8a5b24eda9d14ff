/** Connections of a server that stops: no caller who could not know of it loses a call. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listen } from '../testing/http.ts';
import { capturedLogger } from '../testing/logs.ts';
import { LINGER_MS } from './connections.ts';
import { createServer } from './server.ts';

const ASK = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';

async function serve(t: TestContext, app: RequestListener) {
  const { logger } = capturedLogger();
  const { server, connections } = createServer(app, { logger, onRefused() {} });
  const port = await listen(t, server);
  const begin = (): Socket => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    t.after(() => socket.destroy());
    return socket;
  };
  const open = async (): Promise<Socket> => {
    const socket = begin();
    await once(socket, 'connect');
    return socket;
  };
  return { server, connections, begin, open };
}

/** Sends a request. @returns its answer, which comes at once */
async function ask(socket: Socket): Promise<string> {
  socket.write(ASK);
  return String((await once(socket, 'data'))[0]);
}

const hello: RequestListener = (_request, response) => void response.end('hello');

test('connections that leave: new ones are taken, and each answer announces that its connection closes', async (t) => {
  const { connections, open } = await serve(t, hello);
  const kept = await open();
  assert.match(await ask(kept), /\r\nConnection: keep-alive\r\n/);
  connections.leave();
  for (const socket of [kept, await open()]) {
    const ended = once(socket, 'end');
    assert.match(await ask(socket), /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n[\s\S]*hello/);
    await ended;
  }
});

test('connections that leave: of requests that came together each is answered, and the last answer announces the close', async (t) => {
  const { connections, open } = await serve(t, (request, response) => {
    setImmediate(() => response.end(request.url));
  });
  const socket = await open();
  connections.leave();
  socket.write(ASK.replace('/', '/first') + ASK.replace('/', '/second'));
  const answers = (await socket.toArray()).join('');
  assert.match(answers, /^HTTP\/1\.1 200 [\s\S]*\/firstHTTP\/1\.1 200 [\s\S]*\/second$/);
  assert.equal(answers.match(/connection: close/g)?.length, 1);
});

test('connections that leave: an answer in progress that has not begun announces it too', async (t) => {
  let answer = () => {};
  const { server, connections, open } = await serve(t, (_request, response) => {
    answer = () => void response.end('late');
  });
  const socket = await open();
  const answered = ask(socket);
  await once(server, 'request');
  connections.leave();
  answer();
  assert.match(await answered, /\r\nconnection: close\r\n/);
});

test('connections that leave: a request behind an answer that has announced the close is read and not begun', async (t) => {
  const begun: ServerResponse[] = [];
  const { server, connections, open } = await serve(t, (_request, response) => {
    begun.push(response);
    response.write('first');
  });
  const accepted = once(server, 'connection');
  const socket = await open();
  socket.allowHalfOpen = true;
  const [ours] = (await accepted) as [Socket];
  connections.leave();
  assert.match(await ask(socket), /\r\nconnection: close\r\n[\s\S]*first/);
  socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n');
  socket.write('x'.repeat(1e6));
  const [request] = await once(server, 'request');
  await once(request, 'end');
  begun[0]?.end('last');
  const [rest] = await once(socket, 'data');
  await once(socket, 'end');
  assert.match(rest, /^4\r\nlast\r\n/);
  assert.equal(begun.length, 1);
  // A close with bytes unread would be a reset, and the client may go on sending.
  assert.equal(ours.destroyed, false);
  socket.end();
  await once(ours, 'close');
});

test('a connection that ends while its client still uploads: the request behind the body is not begun', async (t) => {
  let begun = 0;
  const { server, open } = await serve(t, (_request, response) => {
    begun += 1;
    response.writeHead(413, { connection: 'close' }).end();
  });
  const socket = await open();
  socket.allowHalfOpen = true;
  socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf');
  const [answer] = await once(socket, 'data');
  assert.match(answer, /^HTTP\/1\.1 413 /);
  await once(socket, 'end');
  socket.write(` of it${ASK}`);
  const [, response] = await once(server, 'request');
  assert.deepEqual([begun, response.statusCode], [1, 499]);
  socket.end();
  await once(response, 'close');
});

test('connections that close: a request on one that was idle, or silent from the start, is answered', async (t) => {
  const { server, connections, open } = await serve(t, hello);
  const [idle, silent] = [await open(), await open()];
  await ask(idle);
  connections.leave();
  await connections.close();
  const closed = once(server, 'close');
  for (const socket of [idle, silent]) {
    assert.match(await ask(socket), /\r\nconnection: close\r\n[\s\S]*hello/);
  }
  await closed;
});

test('connections that close: a stream that began before is finished, and the next request of its connection is answered', async (t) => {
  let stream: ServerResponse | undefined;
  const { server, connections, open } = await serve(t, (request, response) => {
    if (stream) return hello(request, response);
    stream = response;
    response.write('first');
  });
  const socket = await open();
  assert.match(await ask(socket), /\r\nConnection: keep-alive\r\n[\s\S]*first/);
  connections.leave();
  await connections.close();
  const closed = once(server, 'close');
  stream?.end('last');
  await once(socket, 'data');
  assert.match(await ask(socket), /\r\nconnection: close\r\n[\s\S]*hello/);
  await closed;
});

/** Time stands still for `setTimeout` from now on. */
const stopTime = (t: TestContext) => t.mock.timers.enable({ apis: ['setTimeout'] });

test('connections that close: one whose stream ends later than others were idle waits as long for its next request', async (t) => {
  let stream: ServerResponse | undefined;
  const { connections, open } = await serve(t, (request, response) => {
    if (stream) return hello(request, response);
    stream = response;
    response.write('first');
  });
  const socket = await open();
  await ask(socket);
  stopTime(t);
  connections.leave();
  await connections.close();
  t.mock.timers.tick(LINGER_MS - 1);
  const closed = once(stream as unknown as ServerResponse, 'close');
  stream?.end('last');
  await Promise.all([closed, once(socket, 'data')]);
  t.mock.timers.tick(LINGER_MS - 1);
  await nextTurn();
  assert.match(await ask(socket), /\r\nconnection: close\r\n[\s\S]*hello/);
});

test('connections that close: what has arrived while the process got no CPU is read before an idle one is closed', async (t) => {
  const { connections, open } = await serve(t, hello);
  const socket = await open();
  await ask(socket);
  stopTime(t);
  connections.leave();
  await connections.close();
  // Behind the turn's own look for what has arrived.
  await nextTurn();
  const answered = ask(socket);
  t.mock.timers.tick(LINGER_MS);
  assert.match(await answered, /\r\nconnection: close\r\n[\s\S]*hello/);
});

test('connections that close: those that wait to be accepted are accepted, and answered', async (t) => {
  const { connections, begin } = await serve(t, hello);
  const waiting = Array.from({ length: 50 }, begin);
  // Then the kernel has them, and the event loop has not looked yet.
  await new Promise(process.nextTick);
  connections.leave();
  await Promise.all([connections.close(), ...waiting.map((socket) => once(socket, 'connect'))]);
  for (const socket of waiting) {
    assert.match(await ask(socket), /\r\nconnection: close\r\n[\s\S]*hello/);
  }
});

test('connections that close: those without a request are closed soon, and no new ones are accepted', async (t) => {
  const { server, connections, open } = await serve(t, hello);
  const [idle, half] = [await open(), await open()];
  await ask(idle);
  await open();
  half.write(ASK.slice(0, -4));
  connections.leave();
  await connections.close();
  await assert.rejects(open(), { code: 'ECONNREFUSED' });
  await once(server, 'close');
});

/** How long a stream may last: its limits over real connections, with figures of a second and less. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { EventStream } from '../anthropic/sse.ts';
import { anUpstream, BREAKER, recordingCall } from '../testing/fakes.ts';
import { DELTA, END, PING, START, STOP } from '../testing/message-stream.ts';
import { eventually } from '../testing/poll.ts';
import { systemClock } from '../time/clock.ts';
import { RetryBudget } from '../upstreams/retry-budget.ts';
import { UpstreamPool } from '../upstreams/upstream-pool.ts';
import { type CallInput, type ClientOptions, createClient } from './client.ts';
import { createPool } from './pool.ts';

/** undici looks at its time limits once a second, so a socket is idle for at most two when it is closed. */
const IDLE_MS = 500;

/** A client whose upstream begins each stream with `first`; the rest is sent by the test. */
async function setUp(t: TestContext, part: Partial<ClientOptions>, first = START + DELTA) {
  const streams: ServerResponse[] = [];
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(first);
    streams.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const times = { connectTimeoutMs: 10_000, keepAliveMs: 1_000, maxAgeMs: 60_000 };
  const pool = createPool({ connections: 4, idleTimeoutMs: IDLE_MS, ...times });
  t.after(async () => {
    await pool.destroy();
    server.closeAllConnections();
    server.close();
  });
  const call = recordingCall();
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient(
    {
      deadlineMs: 1_000,
      attemptTimeoutMs: 60_000,
      firstEventTimeoutMs: 60_000,
      silenceMs: 60_000,
      retry: { maxRetries: 0, baseMs: 1, capMs: 10 },
      pseudonymize: false,
      models: [],
      ...part,
    },
    {
      recorder: { startCall: () => call, recordRejection() {} },
      clock: systemClock,
      wallClock: Date.now,
      random: () => 0,
      budget: new RetryBudget({ earned: 0.2, capacity: 100 }),
      upstreams: new UpstreamPool([anUpstream({ baseUrl })], BREAKER, {
        clock: systemClock,
        random: () => 0,
      }),
      pool,
    },
  );
  const startedMs = performance.now();
  const ask = (input: Partial<CallInput> = {}) =>
    client.call({
      operation: 'chat',
      caller: 'anybody',
      method: 'POST',
      url: '/v1/messages',
      headers: {},
      body: '{}',
      model: 'm',
      stream: true,
      receivedAtMs: startedMs,
      signal: new AbortController().signal,
      ...input,
    });
  return { ask, call, streams, elapsedMs: () => performance.now() - startedMs };
}

async function readAll(data: unknown): Promise<void> {
  for await (const _ of data as EventStream);
}

/** Sends the same again and again until the connection is closed. */
function keepSending(stream: ServerResponse | undefined, text: string): void {
  const timer = setInterval(() => stream?.write(text), 20);
  stream?.once('close', () => clearInterval(timer));
}

test('stream limits: a stream that flows passes the deadline of calls and the idle limit of sockets', async (t) => {
  const { ask, call, streams, elapsedMs } = await setUp(t, { deadlineMs: 5_000 });
  const { data, outcome } = await ask();
  assert(elapsedMs() < 5_000, 'the machine is too slow for this test');
  const reading = readAll(data);
  // Longer than the deadline, and than undici takes to close an idle socket.
  await eventually(() => elapsedMs() > 6_500);
  streams[0]?.end(END + STOP);
  await reading;
  assert.equal(await outcome, 'success');
  assert.deepEqual(call.recorded.at(-1), ['end', 'success']);
});

test('stream limits: pings before any content do not prolong the deadline', async (t) => {
  const { ask, call, streams } = await setUp(t, { deadlineMs: 1_000 }, START + PING);
  const refused = assert.rejects(ask(), { code: 'timeout' });
  await eventually(() => streams.length === 1);
  keepSending(streams[0], PING);
  await refused;
  assert.deepEqual(call.recorded.at(-1), ['end', 'timeout']);
});

test('stream limits: silence after content ends a stream as a timeout, and its connection', async (t) => {
  const { ask, call, streams } = await setUp(t, { deadlineMs: 60_000, silenceMs: 300 });
  const { data, outcome } = await ask();
  await assert.rejects(readAll(data), { code: 'timeout', message: /for 300 ms/ });
  assert.equal(await outcome, 'timeout');
  await eventually(() => streams[0]?.destroyed);
  assert.deepEqual(call.recorded.at(-1), ['end', 'timeout']);
});

test('stream limits: comments, which proxies send by themselves, do not hide that the upstream is silent', async (t) => {
  const { ask, streams } = await setUp(t, { deadlineMs: 60_000, silenceMs: 300 });
  const { data } = await ask();
  keepSending(streams[0], ': alive\n\n');
  await assert.rejects(readAll(data), { code: 'timeout', message: /for 300 ms/ });
});

test('stream limits: a silence before content is tried again where that is allowed', async (t) => {
  const retry = { maxRetries: 1, baseMs: 1, capMs: 10 };
  const { ask, streams } = await setUp(t, { deadlineMs: 60_000, silenceMs: 300, retry }, START);
  const asked = ask();
  await eventually(() => streams.length === 2);
  streams[1]?.end(DELTA + STOP);
  const { data, outcome } = await asked;
  await readAll(data);
  assert.equal(await outcome, 'success');
});

test('stream limits: the limit of streams ends one that flows', async (t) => {
  const { ask, streams, elapsedMs } = await setUp(t, { deadlineMs: 60_000, streamLimitMs: 4_000 });
  const { data, outcome } = await ask();
  keepSending(streams[0], DELTA);
  await assert.rejects(readAll(data), { code: 'timeout', message: /of 4000 ms/ });
  assert(elapsedMs() > 3_990, `${elapsedMs()} ms`);
  assert.equal(await outcome, 'timeout');
});

test('stream limits: the caller’s own deadline ends one that flows, as a cancellation', async (t) => {
  const { ask, streams } = await setUp(t, { deadlineMs: 60_000 });
  const { data, outcome } = await ask({ deadlineMs: 5_000 });
  keepSending(streams[0], DELTA);
  await assert.rejects(readAll(data), { code: 'caller_deadline' });
  assert.equal(await outcome, 'client_cancelled');
});

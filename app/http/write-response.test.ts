/** Streams over real HTTP with a stand-in for the client alone: pace, back-pressure, hang-up. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { parseEvents } from '../anthropic/sse.ts';
import { createApp } from '../app.ts';
import { createCallers } from '../callers/callers.ts';
import { createAdmission } from '../callers/concurrency.ts';
import type { CallInput, ClaudeClient } from '../claude/client.ts';
import { readConfig } from '../config/config.ts';
import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { Redactor } from '../privacy/redactor.ts';
import { createLogger } from '../telemetry/logger.ts';
import { unrecordedCall } from '../telemetry/recorder.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { createGate } from './gate.ts';
import { createServer } from './server.ts';

disabledTelemetry({ trusts: () => false });

const redactor = new Redactor({ secrets: () => [] });
const BODY = '{"model":"m","max_tokens":1,"stream":true,"messages":[{"role":"user"}]}';

/** Serves an app whose client streams `source`. @returns its port and the input of the last call */
async function serve(
  t: TestContext,
  source: () => AsyncIterable<Uint8Array>,
  outcome: Promise<Outcome> = Promise.resolve('success'),
) {
  const calls: CallInput[] = [];
  const client: ClaudeClient = {
    async call(input) {
      calls.push(input);
      const headers = { 'content-type': 'text/event-stream' };
      const timing = () => ({ upstreamMs: 0, overheadMs: 0 });
      const tokens = () => 0;
      return { status: 200, headers, data: parseEvents(source()), timing, tokens, outcome };
    },
  };
  const app = createApp({
    client,
    health: { hasKey: () => true, upstreams: () => [] },
    recorder: { startCall: () => unrecordedCall, recordRejection() {} },
    redactor,
    callers: createCallers([]),
    gate: createGate(createAdmission({ limit: 100, queue: 0, waitMs: 60_000 }), {
      take: async () => () => {},
    }),
    logger: createLogger({ level: 'silent', service: 'test', redactor, sinks: [] }),
    config: readConfig({}),
    lifecycle: { draining: false },
    verify: undefined,
    onReplacedId() {},
    onUnauthenticated() {},
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, calls };
}

async function post(port: number): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v1/messages`, { method: 'POST', body: BODY });
}

/** Asks, and reads nothing of the answer. */
function silentReader(port: number) {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  );
  return socket;
}

test('each chunk goes out when it comes in', async (t) => {
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

test('an error on the way is an event in Anthropic’s shape', async (t) => {
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

test('a reader who does not read costs no memory, and his leaving ends the stream', async (t) => {
  const chunk = Buffer.from(`: ${' '.repeat(64 * 1024)}\n\n`);
  const ended = Promise.withResolvers<void>();
  let produced = 0;
  const { port, calls } = await serve(t, async function* () {
    try {
      for (; produced < 10_000; produced += 1) yield chunk;
    } finally {
      ended.resolve();
    }
  });
  const socket = silentReader(port);
  // It has stopped when the count stays the same from one look to the next.
  for (let before = -1; produced === 0 || produced !== before; ) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert(produced < 1_000, `${produced} chunks of 64 kB were taken from the upstream`);
  socket.destroy();
  await ended.promise;
  assert.equal(calls[0]?.signal.aborted, true);
});

test('a call that has ended keeps no place for a reader who does not read', async (t) => {
  const chunk = Buffer.from(`: ${' '.repeat(64 * 1024)}\n\n`);
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  let produced = 0;
  const { port, calls } = await serve(
    t,
    async function* () {
      for (; ; produced += 1) yield chunk;
    },
    ended,
  );
  silentReader(port).on('error', () => {});
  for (let before = -1; produced === 0 || produced !== before; ) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const signal = calls[0]?.signal as AbortSignal;
  assert.equal(signal.aborted, false);
  const closed = once(signal, 'abort');
  resolve('timeout');
  await closed;
});

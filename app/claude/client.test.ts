import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { EventStream } from '../anthropic/sse.ts';
import {
  anUpstream,
  aResponse,
  BREAKER,
  keyPoolOf,
  recordingCall,
  textOf,
} from '../testing/fakes.ts';
import { systemClock } from '../time/clock.ts';
import { RetryBudget } from '../upstreams/retry-budget.ts';
import { UpstreamPool } from '../upstreams/upstream-pool.ts';
import {
  type CallInput,
  type ClientOptions,
  createClaudePipeline,
  createClient,
} from './client.ts';
import { createPool } from './pool.ts';

const KEY = 'sk-test-key-of-the-client';

async function setUp(t: TestContext, answer: RequestListener, part: Partial<ClientOptions> = {}) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pool = createPool({
    connections: 4,
    connectTimeoutMs: 1000,
    keepAliveMs: 1000,
    idleTimeoutMs: 1000,
    maxAgeMs: 60_000,
  });
  t.after(async () => {
    await pool.destroy();
    server.closeAllConnections();
    server.close();
  });
  const call = recordingCall();
  const options: ClientOptions = {
    deadlineMs: 5000,
    attemptTimeoutMs: 2000,
    firstEventTimeoutMs: 2000,
    silenceMs: 2000,
    retry: { maxRetries: 1, baseMs: 1, capMs: 10 },
    pseudonymize: false,
    models: [],
    ...part,
  };
  const upstream = anUpstream({
    name: 'up',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: keyPoolOf(KEY),
  });
  const deps = {
    recorder: { startCall: () => call, recordRejection() {} },
    clock: systemClock,
    wallClock: Date.now,
    random: () => 0,
    budget: new RetryBudget({ earned: 0.2, capacity: 100 }),
    upstreams: new UpstreamPool([upstream], BREAKER, { clock: systemClock, random: () => 0 }),
    pool,
  };
  return { call, client: createClient(options, deps), options, deps, server };
}

function anInput(part: Partial<CallInput> = {}): CallInput {
  return {
    operation: 'chat',
    caller: 'anybody',
    method: 'POST',
    url: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    body: '{"model":"m"}',
    model: 'm',
    stream: false,
    receivedAtMs: performance.now(),
    signal: new AbortController().signal,
    ...part,
  };
}

test('client: a URL that is no path is never sent, as the key would go to its host', async (t) => {
  let seen = 0;
  const { client, server } = await setUp(t, (_request, response) => {
    seen += 1;
    response.end('{}');
  });
  const { port } = server.address() as AddressInfo;
  const own = `127.0.0.1:${port}/v1/messages`;
  for (const url of [`http://${own}`, `//${own}`, `/\\${own}`, `\\\\${own}`, 'v1/messages', '']) {
    await assert.rejects(client.call(anInput({ url })), { code: 'internal_error' }, url);
  }
  assert.equal(seen, 0);
});

test('client: the stages stand in this order', async (t) => {
  const { options, deps } = await setUp(t, (_, response) => response.end('{}'));
  const transport = async () => aResponse();
  const names = (part: Partial<ClientOptions>) =>
    createClaudePipeline(transport, { ...options, ...part }, deps).stages();
  const inner = [
    'retry',
    'failover',
    'observeAttempt',
    'attemptTimeout',
    'authenticate',
    'readResponse',
    'sign',
  ];
  assert.deepEqual(names({}), ['observeCall', ...inner]);
  assert.deepEqual(names({ pseudonymize: true }), ['observeCall', 'pseudonymize', ...inner]);
});

test('client: a body goes out byte for byte, even with a __proto__ key, under one content-type', async (t) => {
  const body = '{"model":"m", "__proto__":{"polluted":true},"deep":[{"__proto__":1}]}';
  let sent = '';
  let headers: string[] = [];
  const { client } = await setUp(t, async (request, response) => {
    headers = request.rawHeaders;
    for await (const chunk of request) sent += chunk;
    response.end('{"type":"message"}');
  });
  const result = await client.call(anInput({ body }));
  assert.equal(await textOf(result.data), '{"type":"message"}');
  assert.equal(sent, body);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  const names = headers.filter((_, i) => i % 2 === 0).map((h) => h.toLowerCase());
  assert.equal(names.filter((n) => n === 'content-type').length, 1);
  assert.equal(headers[headers.indexOf('x-api-key') + 1], KEY);
});

test('client: an attempt that fails is made again, and both are recorded', async (t) => {
  let n = 0;
  const { client, call } = await setUp(t, (_, response) => {
    n += 1;
    response.writeHead(n === 1 ? 529 : 200).end('{}');
  });
  assert.equal((await client.call(anInput())).status, 200);
  assert.deepEqual(call.recorded, [
    ['attempt', 'up', 'overloaded', 529],
    ['retry', 'overloaded'],
    ['setResponse', {}],
    ['attempt', 'up', 'success', 200],
    ['end', 'success'],
  ]);
});

test('client: an upstream that is down is a network error without its address', async (t) => {
  const { client, call, server } = await setUp(t, () => {});
  const { port } = server.address() as AddressInfo;
  server.close();
  await assert.rejects(client.call(anInput()), (error: Error & { status?: number }) => {
    assert.equal(error.status, 502);
    assert(!error.message.includes(String(port)));
    return true;
  });
  assert.deepEqual(call.recorded.at(-1), ['end', 'network_error']);
});

test('client: an upstream that hangs is given up within the deadline, and its connection closed', async (t) => {
  const closed: Promise<unknown>[] = [];
  const { client, call } = await setUp(
    t,
    (_, response) => void closed.push(once(response, 'close')),
    {
      deadlineMs: 60,
      attemptTimeoutMs: 20,
    },
  );
  await assert.rejects(client.call(anInput()), { code: 'timeout', status: 504 });
  assert.deepEqual(call.recorded.at(-1), ['end', 'timeout']);
  await Promise.all(closed);
});

test('client: the deadline starts when the request arrived, so queueing time counts', async (t) => {
  const { client } = await setUp(t, (_, response) => response.end('{}'));
  const input = anInput({ deadlineMs: 1_000, receivedAtMs: performance.now() - 1_001 });
  await assert.rejects(client.call(input), { code: 'caller_deadline' });
});

test('client: a caller who leaves aborts the upstream, waiting or streaming', async (t) => {
  for (const stream of [false, true]) {
    const controller = new AbortController();
    let upstreamClosed: Promise<unknown> | undefined;
    const { client, call } = await setUp(t, (request, response) => {
      upstreamClosed = once(response, 'close');
      if (stream) response.write('event: content_block_delta\ndata: {}\n\n');
      else controller.abort();
      request.resume();
    });
    const input = anInput({ stream, signal: controller.signal });
    const result = client.call(input).then(async ({ data }) => {
      for await (const _ of data as EventStream) controller.abort();
    });
    await assert.rejects(result, { code: 'client_cancelled' });
    await upstreamClosed;
    assert.deepEqual(call.recorded.at(-1), ['end', 'client_cancelled']);
  }
});

test('client: a stream that is refused with an error gets a complete response', async (t) => {
  const body = '{"type":"error","error":{"type":"invalid_request_error","message":"m"}}';
  const { client } = await setUp(t, (_, response) => response.writeHead(400).end(body));
  const result = await client.call(anInput({ stream: true }));
  assert.deepEqual([result.status, result.data], [400, body]);
});

test('client: no error of ours holds the key', async (t) => {
  const { client } = await setUp(t, (request) => request.socket.destroy());
  await assert.rejects(client.call(anInput()), (error: Error) => {
    assert(!inspect(error, { depth: 10, showHidden: true }).includes(KEY));
    return true;
  });
});

test('client: the tokens of a truncated attempt count with those of the attempt that succeeds', async (t) => {
  const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  const usage = { input_tokens: 7, output_tokens: 1, cache_read_input_tokens: 2 };
  const begun = event('message_start', { message: { usage } });
  const rest =
    event('content_block_delta', {}) + event('message_delta', { usage: { output_tokens: 9 } });
  const answers = [begun, begun + rest + event('message_stop', {})];
  const { client } = await setUp(t, (_request, response) => void response.end(answers.shift()));
  const result = await client.call(anInput({ stream: true }));
  await textOf(result.data);
  assert.equal(result.tokens(), 7 + 1 + 2 + (7 + 9 + 2));
});

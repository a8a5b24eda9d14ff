import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import {
  aRequest,
  aResponse,
  bytes,
  fakeClock,
  recordingCall,
  scripted,
  stageTable,
  textOf,
} from '../testing/fakes.ts';
import { hold } from './read-response.ts';
import type { PipelineResponse } from './stage.ts';

const event = (name: string, data: object = { type: name }) =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const START = event('message_start', {
  message: { id: 'm', usage: { input_tokens: 7, output_tokens: 1, cache_read_input_tokens: 2 } },
});
const PING = event('ping');
const BLOCK = event('content_block_start');
const DELTA = event('content_block_delta');
const END = event('message_delta', {
  delta: { stop_reason: 'end_turn' },
  usage: { output_tokens: 9 },
});
const STOP = event('message_stop');
const error = (type: string) => event('error', { type: 'error', error: { type, message: 'm' } });
const USAGE = { inputTokens: 7, outputTokens: 9, cacheReadTokens: 2, cacheCreationTokens: 0 };

const deps = { clock: fakeClock() };
const stage = hold(60_000, deps);
const aStream = (...texts: string[]) =>
  aResponse(200, { data: bytes(...texts), headers: { 'request-id': 'r' } });
const held = (response: PipelineResponse, call = recordingCall()) =>
  stage(aRequest({ stream: true, call }), scripted(response));

const whole = (status: number, data: string, result: number | string, ...told: unknown[]) => ({
  given: { body: '{"a":1}' },
  answers: [aResponse(status, { data })],
  saw: [{ body: '{"a":1}' }],
  result,
  told,
});
const stream = (texts: string[], result: number | string, ...told: unknown[]) => ({
  given: { stream: true },
  answers: [aStream(...texts)],
  saw: [{ stream: true }],
  result,
  told,
});
/** What was used before the answer began: it is paid for. */
const READ = ['usage', { ...USAGE, outputTokens: 1 }];
const M = ['answer', { id: 'm' }];

stageTable(() => stage, {
  'whole: a message': whole(200, '{"id":"m"}', 200, M),
  'whole: its usage': whole(
    200,
    '{"usage":{"input_tokens":7,"output_tokens":9,"cache_read_input_tokens":2}}',
    200,
    ['answer', {}],
    ['usage', USAGE],
  ),
  'whole: an error': whole(529, '{"type":"error"}', 529),
  'whole: an error inside a 200': whole(
    200,
    '{"type":"error","error":{"type":"overloaded_error"}}',
    529,
  ),
  'whole: half a body': whole(200, '{"cut":', 'bad_upstream_answer'),
  'whole: no object': whole(200, '[]', 'bad_upstream_answer'),
  'whole: nothing': whole(200, '', 'bad_upstream_answer'),
  'whole: a proxy’s page that can be asked again': whole(502, '<html>', 502),
  'whole: a page that is not the API’s': whole(404, '<html>', 'bad_upstream_answer'),
  'stream: content': stream([START, DELTA], 200, M, ['chunk']),
  'stream: an answer that is no stream': {
    given: { stream: true },
    answers: [aResponse(529)],
    saw: [{}],
    result: 529,
  },
  'stream: overloaded before content': stream(
    [START, PING, BLOCK, error('overloaded_error')],
    529,
    M,
    READ,
  ),
  'stream: limited before content': stream([error('rate_limit_error')], 429),
  'stream: the caller’s mistake': stream([error('invalid_request_error')], 400),
  'stream: an error of a new kind': stream([error('something_new')], 500),
  'stream: nothing': stream([], 'truncated'),
  'stream: an end before content': stream([START, PING, BLOCK], 'truncated', M, READ),
});

test('half a body can be asked again, a stranger’s page cannot', async () => {
  const ask = (status: number) => stage(aRequest(), scripted(aResponse(status, { data: '<' })));
  await assert.rejects(ask(200), { code: 'bad_upstream_answer', retryable: true });
  await assert.rejects(ask(404), { code: 'bad_upstream_answer', retryable: false });
});

test('a proxy’s page becomes Anthropic’s error, its headers kept', async () => {
  const answer = aResponse(529, {
    data: '<html>',
    headers: { 'retry-after': '3', 'content-type': 'text/html' },
  });
  const { headers, data } = await stage(aRequest(), scripted(answer));
  assert.deepEqual(headers, { 'retry-after': '3', 'content-type': 'application/json' });
  assert.equal(JSON.parse(data as string).error.type, 'overloaded_error');
});

test('an error before content keeps its body and its headers', async () => {
  const response = await held(aStream(START, error('overloaded_error')));
  assert.equal(response.headers['content-type'], 'application/json');
  assert.equal(response.headers['request-id'], 'r');
  assert.equal(JSON.parse(response.data as string).error.type, 'overloaded_error');
});

test('byte for byte, split anywhere; told of content and usage, ended with message_stop', async () => {
  const all = START + PING + BLOCK + DELTA + DELTA + END + STOP;
  for (const at of [1, START.length, START.length + PING.length + 5, all.length - 1]) {
    const call = recordingCall();
    const { data, ended } = await held(aStream(all.slice(0, at), all.slice(at)), call);
    assert.equal(await textOf(data), all);
    assert.equal(await ended, 'success');
    assert.deepEqual(call.told, [
      M,
      ['chunk'],
      ['chunk'],
      ['answer', { stopReason: 'end_turn' }],
      ['usage', USAGE],
    ]);
  }
});

test('an empty answer, unknown events and broken data pass through', async () => {
  for (const all of [
    START + event('message_delta') + STOP,
    `${event('something_new')}event: message_start\ndata: {broken\n\n${STOP}`,
  ]) {
    const { data, ended } = await held(aStream(all));
    assert.equal(await textOf(data), all);
    assert.equal(await ended, 'success');
  }
});

test('what is no stream of events is let go at a megabyte, and said to be truncated', async () => {
  const all = 'x'.repeat(2 ** 20 + 1);
  const { data, ended } = await held(aStream(all));
  await assert.rejects(textOf(data), { code: 'truncated' });
  assert.equal(await ended, 'truncated');
});

test('a stream that breaks off: truncated, its usage kept', async () => {
  const call = recordingCall();
  const { data, ended } = await held(aStream(START + DELTA), call);
  await assert.rejects(textOf(data), { code: 'truncated', retryable: false });
  assert.equal(await ended, 'truncated');
  assert.deepEqual(call.told.at(-1), ['usage', { ...USAGE, outputTokens: 1 }]);
});

test('an error event after content is the stream’s own, and its outcome', async () => {
  const all = START + BLOCK + DELTA + error('overloaded_error');
  const { status, data, ended } = await held(aStream(all));
  assert.equal(status, 200);
  assert.equal(await textOf(data), all);
  assert.equal(await ended, 'overloaded');
});

/** Yields the texts, then the connection breaks; `closed()` once nobody reads it any more. */
function breaking(...texts: string[]) {
  let closed = false;
  async function* data() {
    try {
      yield* bytes(...texts);
      throw new Error('ECONNRESET 10.0.0.1');
    } finally {
      closed = true;
    }
  }
  return { response: aResponse(200, { data: data() }), closed: () => closed };
}

test('a connection that breaks before content can be asked again, and is closed', async () => {
  const { response, closed } = breaking(START);
  await assert.rejects(held(response), { code: 'network_error', retryable: true });
  assert(closed());
});

test('a connection that breaks after content is an error of ours, in the taxonomy', async () => {
  const { response } = breaking(START, DELTA);
  const { data, ended } = await held(response);
  await assert.rejects(textOf(data), { code: 'network_error' });
  assert.equal(await ended, 'network_error');
});

/** Waits for its signal, as the transport does. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

test('no event within the limit ends the attempt, headers or not', async () => {
  const quick = hold(5, deps);
  const noHeaders = quick(aRequest({ stream: true }), ({ signal }) => silence(signal));
  await assert.rejects(noHeaders, { code: 'timeout', retryable: true, message: /within 5 ms/ });
  const noEvent = quick(aRequest({ stream: true }), async ({ signal }) => {
    async function* data() {
      yield* bytes(': a comment is no event\n\n');
      await silence(signal);
    }
    return aResponse(200, { data: data() });
  });
  await assert.rejects(noEvent, { code: 'timeout', retryable: true });
});

test('after the first event the limit is gone, before content too', async () => {
  const quick = hold(20, deps);
  const response = await quick(aRequest({ stream: true }), async ({ signal }) => {
    async function* data() {
      yield* bytes(PING);
      await new Promise((resolve) => setTimeout(resolve, 60));
      assert.equal(signal.aborted, false);
      yield* bytes(DELTA + STOP);
    }
    return aResponse(200, { data: data() });
  });
  assert.equal(await textOf(response.data), PING + DELTA + STOP);
});

test('pings alone are passed on after a while, without content', async () => {
  const clock = fakeClock();
  const never = new AbortController().signal;
  async function* pinging() {
    for (let i = 0; i < 6; i++) {
      await clock.sleep(5_000, never);
      yield* bytes(PING);
    }
    yield* bytes(DELTA + STOP);
  }
  const response = aResponse(200, { data: pinging() });
  const { data } = await hold(10_000, { clock })(aRequest({ stream: true }), scripted(response));
  assert.equal(clock.now(), 20_000, 'the first ping after 15 s');
  assert.equal(await textOf(data), PING.repeat(6) + DELTA + STOP);
});

const GONE = new AppError('client_cancelled', 'gone');

test('a caller who leaves while it is held ends it at once', async () => {
  const caller = new AbortController();
  const request = aRequest({ stream: true, signal: caller.signal });
  const waiting = stage(request, ({ signal }) => silence(signal));
  caller.abort(GONE);
  await assert.rejects(waiting, GONE);
});

async function* endless(closed: () => void) {
  try {
    for (;;) yield* bytes(START + DELTA);
  } finally {
    closed();
  }
}

test('a reader who stops has left: the upstream is closed, the usage kept', async () => {
  const call = recordingCall();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const { data, ended } = await held(aResponse(200, { data: endless(resolve) }), call);
  for await (const _ of data as AsyncIterable<Uint8Array>) break;
  await closed;
  assert.equal(await ended, 'client_cancelled');
  assert.equal((call.told.at(-1) as unknown[])[0], 'usage');
});

test('a caller who leaves before anybody has read ends it too', async () => {
  const call = recordingCall();
  const caller = new AbortController();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const request = aRequest({ stream: true, signal: caller.signal, call });
  const response = aResponse(200, { data: endless(resolve) });
  const { ended } = await stage(request, scripted(response));
  caller.abort(GONE);
  assert.equal(await ended, 'client_cancelled');
  await closed;
  assert.equal((call.told.at(-1) as unknown[])[0], 'usage');
});

test('a mistake of ours stays one: it is not the network’s, and not retried', async () => {
  const mistake = new TypeError('x');
  await assert.rejects(stage(aRequest({ stream: true }), scripted(mistake)), mistake);
});

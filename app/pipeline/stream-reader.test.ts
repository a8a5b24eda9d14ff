/** Streams as `readResponse` passes them on: buffered, then flowing, ended by whoever ends them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventStream, parseEvents } from '../anthropic/sse.ts';
import { AppError } from '../errors.ts';
import { aRequest, aResponse, events, recordingCall, scripted, textOf } from '../testing/fakes.ts';
import {
  BLOCK,
  DELTA,
  END,
  error,
  event,
  PING,
  START,
  STOP,
  USAGE,
} from '../testing/message-stream.ts';
import { CallState } from './call-state.ts';
import { readResponse } from './read-response.ts';
import type { PipelineResponse } from './stage.ts';

const stage = readResponse({ firstEventTimeoutMs: 60_000, silenceMs: 60_000 });
const streamOf = (...texts: string[]) =>
  aResponse(200, { data: events(...texts), headers: { 'request-id': 'r' } });
const read = (response: PipelineResponse, call = recordingCall(), state = new CallState(() => 0)) =>
  stage(aRequest({ stream: true, call, state }), scripted(response));
/** What was used before the content began, which is billed. */
const usage = { ...USAGE, outputTokens: 1 };
const MESSAGE_STARTED = ['setResponse', { id: 'm' }];

const REPORTS: readonly [name: string, report: object, expected: object][] = [
  ['null', { input_tokens: null, cache_read_input_tokens: null, output_tokens: 9 }, USAGE],
  ['nothing but null', { input_tokens: null, output_tokens: null }, usage],
  ['no counts', { output_tokens: '9', input_tokens: -1, cache_read_input_tokens: 1e300 }, usage],
  ['fractions and objects', { output_tokens: 1.5, input_tokens: {} }, usage],
  ['a smaller count', { output_tokens: 0 }, { ...USAGE, outputTokens: 0 }],
  ['other inputs', { input_tokens: 8, output_tokens: 9 }, { ...USAGE, inputTokens: 8 }],
];
for (const [name, report, expected] of REPORTS) {
  test(`readResponse: a last usage report with ${name} leaves what the start said`, async () => {
    const state = new CallState(() => 0);
    const end = event('message_delta', { delta: {}, usage: report });
    const { data } = await read(streamOf(START, DELTA, end, STOP), recordingCall(), state);
    await textOf(data);
    assert.deepEqual(state.usage, expected);
  });
}

test('readResponse: usage that is reported twice counts once, and usage: null not at all', async () => {
  const state = new CallState(() => 0);
  const none = event('message_delta', { usage: null });
  const stream = streamOf(START, DELTA, END, END, none, STOP);
  await textOf((await read(stream, recordingCall(), state)).data);
  assert.deepEqual(state.usage, USAGE);
});

test('readResponse: a stream passes byte for byte wherever it is split, and what it says is recorded', async () => {
  const all = START + PING + BLOCK + DELTA + DELTA + END + STOP;
  for (const at of [1, START.length, START.length + PING.length + 5, all.length - 1]) {
    const call = recordingCall();
    const state = new CallState(() => 0);
    const { data, outcome } = await read(streamOf(all.slice(0, at), all.slice(at)), call, state);
    assert.equal(await textOf(data), all);
    assert.equal(await outcome, 'success');
    assert.deepEqual(call.recorded, [
      MESSAGE_STARTED,
      ['recordChunk'],
      ['recordChunk'],
      ['setResponse', { stopReason: 'end_turn' }],
    ]);
    assert.deepEqual(state.usage, USAGE);
  }
});

test('readResponse: an empty message, unknown events and broken data pass', async () => {
  for (const all of [
    START + event('message_delta') + STOP,
    `${event('something_new')}event: message_start\ndata: {broken\n\n${STOP}`,
  ]) {
    const { data, outcome } = await read(streamOf(all));
    assert.equal(await textOf(data), all);
    assert.equal(await outcome, 'success');
  }
});

test('readResponse: what is no stream of events is truncated and retryable, however long', async () => {
  for (const length of [1_000, 2 ** 20 + 1]) {
    const answer = streamOf('x'.repeat(length));
    await assert.rejects(read(answer), { code: 'truncated', retryable: true });
  }
});

test('readResponse: a stream with a megabyte before its content is passed on', async () => {
  const comments = `: ${'x'.repeat(1_000)}\n\n`.repeat(1_100);
  const { data, outcome } = await read(streamOf(comments, DELTA + STOP));
  assert.equal(await textOf(data), comments + DELTA + STOP);
  assert.equal(await outcome, 'success');
});

test('readResponse: an event that never ends counts for nothing', async () => {
  const { data, outcome } = await read(streamOf(START + DELTA, 'event: message_stop\ndata: {}\n'));
  await assert.rejects(textOf(data), { code: 'truncated' });
  assert.equal(await outcome, 'truncated');
});

test('readResponse: a stream that breaks off is truncated and keeps its usage', async () => {
  const state = new CallState(() => 0);
  const { data, outcome } = await read(streamOf(START + DELTA), recordingCall(), state);
  await assert.rejects(textOf(data), { code: 'truncated', retryable: false });
  assert.equal(await outcome, 'truncated');
  assert.deepEqual(state.usage, usage);
});

test('readResponse: an error event after content passes and decides the outcome', async () => {
  const all = START + BLOCK + DELTA + error('overloaded_error');
  const { status, data, outcome } = await read(streamOf(all));
  assert.equal(status, 200);
  assert.equal(await textOf(data), all);
  assert.equal(await outcome, 'overloaded');
});

const network = new AppError('network_error', 'broken', { retryable: true });

/** Yields the texts, then breaks as the transport does; `closed()` once nobody reads it any more. */
function breaking(...texts: string[]) {
  let closed = false;
  async function* data() {
    try {
      yield* events(...texts);
      throw network;
    } finally {
      closed = true;
    }
  }
  return { response: aResponse(200, { data: data() }), closed: () => closed };
}

test('readResponse: a connection that breaks before content is retryable and closed', async () => {
  const { response, closed } = breaking(START);
  await assert.rejects(read(response), network);
  assert(closed());
});

test('readResponse: a connection that breaks after content is a network error', async () => {
  const { response } = breaking(START, DELTA);
  const { data, outcome } = await read(response);
  await assert.rejects(textOf(data), { code: 'network_error' });
  assert.equal(await outcome, 'network_error');
});

/** Waits for its signal, as the transport does. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

test('readResponse: no event within the limit ends the attempt, with or without headers', async () => {
  const quick = readResponse({ firstEventTimeoutMs: 5, silenceMs: 60_000 });
  const noHeaders = quick(aRequest({ stream: true }), ({ signal }) => silence(signal));
  await assert.rejects(noHeaders, { code: 'timeout', retryable: true, message: /within 5 ms/ });
  const noEvent = quick(aRequest({ stream: true }), async ({ signal }) => {
    async function* data() {
      yield* events(': a comment is no event\n\n');
      await silence(signal);
    }
    return aResponse(200, { data: data() });
  });
  await assert.rejects(noEvent, { code: 'timeout', retryable: true });
});

test('readResponse: the first event lifts the limit, even before any content', async () => {
  const quick = readResponse({ firstEventTimeoutMs: 20, silenceMs: 60_000 });
  const response = await quick(aRequest({ stream: true }), async ({ signal }) => {
    async function* data() {
      yield* events(PING);
      await new Promise((resolve) => setTimeout(resolve, 60));
      assert.equal(signal.aborted, false);
      yield* events(DELTA + STOP);
    }
    return aResponse(200, { data: data() });
  });
  assert.equal(await textOf(response.data), PING + DELTA + STOP);
});

/** A stream of chunks that a test sends when it likes; `broken` is what ends it, if not nothing. */
function handFed() {
  const chunks: (string | Error | undefined)[] = [];
  let wake = () => {};
  async function* data() {
    for (;;) {
      while (chunks.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const chunk = chunks.shift();
      if (chunk === undefined) return;
      if (chunk instanceof Error) throw chunk;
      yield Buffer.from(chunk);
    }
  }
  const send = async (...more: (string | Error | undefined)[]) => {
    chunks.push(...more);
    wake();
    await new Promise(setImmediate);
  };
  return { response: aResponse(200, { data: parseEvents(data()) }), send };
}

/** What comes before content, and then nothing, pings, or an event byte by byte. */
const HOLDS_UP: Readonly<Record<string, readonly string[]>> = {
  'a message without content': [START],
  'pings alone': [PING, PING, PING],
  'comments alone': [': a\n\n', ': b\n\n'],
  'an event that trickles in': [START, ...DELTA.slice(0, -1)],
  'a first event that trickles in': [...START.slice(0, -1)],
};
for (const [name, chunks] of Object.entries(HOLDS_UP)) {
  test(`readResponse: ${name} holds a caller up for 15 s at most, then the stream goes on`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { response, send } = handFed();
    let passedOn: PipelineResponse | undefined;
    const reading = read(response).then((result) => (passedOn = result));
    await send(...chunks);
    t.mock.timers.tick(14_999);
    await new Promise(setImmediate);
    assert.equal(passedOn, undefined, 'it can still be retried');
    t.mock.timers.tick(1);
    await new Promise(setImmediate);
    assert(passedOn, 'passed on after 15 s');
    const { data, outcome } = await reading;
    const all = chunks.join('').replace(/\n?$/, '\n').endsWith('\n\n') ? [] : ['\n'];
    await send(...all, DELTA + STOP, undefined);
    assert.equal(await textOf(data), chunks.join('') + all.join('') + DELTA + STOP);
    assert.equal(await outcome, 'success');
  });
}

test('readResponse: a stream that breaks after its 15 s without content is not retried', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { response, send } = handFed();
  const reading = read(response);
  await send(START);
  t.mock.timers.tick(15_000);
  const { data, outcome } = await reading;
  await send(network);
  await assert.rejects(textOf(data), { code: 'network_error' });
  assert.equal(await outcome, 'network_error');
});

test('readResponse: a connection that breaks after message_stop, or never ends, breaks no message', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const after of [[network], [PING, network], [undefined], []]) {
    for (const chunks of [[START + DELTA + STOP], [START + DELTA, STOP]]) {
      const { response, send } = handFed();
      await send(...chunks, ...after);
      const { data, outcome } = await read(response);
      assert.equal(await textOf(data), chunks.join(''));
      assert.equal(await outcome, 'success');
    }
  }
});

test('readResponse: an upstream that does not end its response is let go after a second', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let sent: AbortSignal | undefined;
  const { data } = await stage(aRequest({ stream: true }), async ({ signal }) => {
    sent = signal;
    async function* unending() {
      yield* events(START + DELTA + STOP);
      await silence(signal);
    }
    return aResponse(200, { data: unending() });
  });
  await textOf(data);
  t.mock.timers.tick(999);
  assert.equal(sent?.aborted, false);
  t.mock.timers.tick(1);
  assert.equal(sent?.aborted, true);
});

test('readResponse: while its reader asks for nothing, a stream is neither silent nor slow', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  const pass = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const state = new CallState(() => nowMs);
  const { response, send } = handFed();
  const reading = read(response, recordingCall(), state);
  await send(START + DELTA);
  const { data, outcome } = await reading;
  const reader = (data as EventStream)[Symbol.asyncIterator]();
  await reader.next();
  pass(10 * 60_000);
  const next = reader.next();
  pass(50);
  await send(DELTA);
  await next;
  const last = reader.next();
  pass(59_999);
  await send(END + STOP, undefined);
  await last;
  assert.equal((await reader.next()).done, true);
  assert.equal(await outcome, 'success');
  assert.equal(state.longestGapMs, 59_999);
});

const GONE = new AppError('client_cancelled', 'gone');

test('readResponse: a caller who leaves while the stream is buffered ends it at once', async () => {
  const caller = new AbortController();
  const request = aRequest({ stream: true, signal: caller.signal });
  const waiting = stage(request, ({ signal }) => silence(signal));
  caller.abort(GONE);
  await assert.rejects(waiting, GONE);
});

async function* endless(closed: () => void) {
  try {
    for (;;) yield* events(START + DELTA);
  } finally {
    closed();
  }
}

test('readResponse: a reader who stops closes the upstream, and the usage is kept', async () => {
  const state = new CallState(() => 0);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const response = aResponse(200, { data: endless(resolve) });
  const { data, outcome } = await read(response, recordingCall(), state);
  for await (const _ of data as EventStream) break;
  await closed;
  assert.equal(await outcome, 'client_cancelled');
  assert.deepEqual(state.usage, usage);
});

test('readResponse: a caller who leaves before anybody has read ends the stream too', async () => {
  const state = new CallState(() => 0);
  const caller = new AbortController();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const request = aRequest({ stream: true, signal: caller.signal, state });
  const response = aResponse(200, { data: endless(resolve) });
  const { outcome } = await stage(request, scripted(response));
  caller.abort(GONE);
  assert.equal(await outcome, 'client_cancelled');
  await closed;
  assert.deepEqual(state.usage, usage);
});

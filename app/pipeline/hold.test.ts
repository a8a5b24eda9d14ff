import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import { hold } from './hold.ts';
import type { PipelineResponse } from './stage.ts';
import { aRequest, aResponse, bytes, scripted, textOf } from './testing.ts';

const event = (name: string, data: object = { type: name }) =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const START = event('message_start');
const PING = event('ping');
const BLOCK = event('content_block_start');
const DELTA = event('content_block_delta');
const STOP = event('message_stop');
const error = (type: string) => event('error', { type: 'error', error: { type, message: 'm' } });

const stage = hold(60_000);
const aStream = (...texts: string[]) =>
  aResponse(200, { data: bytes(...texts), headers: { 'request-id': 'r' } });
const held = (response: PipelineResponse) => stage(aRequest({ stream: true }), scripted(response));

test('a whole answer, and a stream’s answer that is no stream, go by', async () => {
  const whole = aResponse();
  assert.equal(await stage(aRequest(), scripted(whole)), whole);
  const refused = aResponse(529);
  assert.equal(await held(refused), refused);
});

test('what was held goes out first, byte for byte, split anywhere', async () => {
  const all = START + PING + BLOCK + DELTA + DELTA + STOP;
  for (const at of [1, START.length, START.length + PING.length + 5, all.length - 1]) {
    const { status, data } = await held(aStream(all.slice(0, at), all.slice(at)));
    assert.equal(status, 200);
    assert.equal(await textOf(data), all);
  }
});

const ERRORS: readonly [type: string, status: number][] = [
  ['overloaded_error', 529],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['invalid_request_error', 400],
  ['something_new', 500],
];
for (const [type, status] of ERRORS) {
  test(`an error before any content (${type}) is an answer of ${status}`, async () => {
    const response = await held(aStream(START, PING, BLOCK, error(type)));
    assert.equal(response.status, status);
    assert.equal(response.headers['content-type'], 'application/json');
    assert.equal(response.headers['request-id'], 'r');
    assert.equal(JSON.parse(response.data as string).error.type, type);
  });
}

test('an error after content is the stream’s own', async () => {
  const all = START + BLOCK + DELTA + error('overloaded_error');
  const { status, data } = await held(aStream(all));
  assert.equal(status, 200);
  assert.equal(await textOf(data), all);
});

test('a stream that ends before any content can be retried', async () => {
  for (const texts of [[], [START], [START, PING, BLOCK]]) {
    await assert.rejects(held(aStream(...texts)), { code: 'truncated', retryable: true });
  }
});

test('a stream of an empty answer, or of unknown events, has begun', async () => {
  for (const all of [
    START + event('message_delta') + STOP,
    event('something_new'),
    'x'.repeat(2 ** 20 + 1),
  ]) {
    assert.equal(await textOf((await held(aStream(all))).data), all);
  }
});

test('a stream that breaks before any content is a network error, and closed', async () => {
  let closed = false;
  async function* broken() {
    try {
      yield* bytes(START);
      throw new Error('ECONNRESET 10.0.0.1');
    } finally {
      closed = true;
    }
  }
  await assert.rejects(held(aResponse(200, { data: broken() })), {
    code: 'network_error',
    retryable: true,
  });
  assert(closed);
});

/** Waits for its signal, as the transport does. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

test('no event within the limit ends the attempt, headers or not', async () => {
  const quick = hold(5);
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
  const quick = hold(20);
  const response = await quick(aRequest({ stream: true }), async ({ signal }) => {
    async function* data() {
      yield* bytes(PING);
      await new Promise((resolve) => setTimeout(resolve, 60));
      assert.equal(signal.aborted, false);
      yield* bytes(DELTA);
    }
    return aResponse(200, { data: data() });
  });
  assert.equal(await textOf(response.data), PING + DELTA);
});

test('a caller who leaves ends it at once, while held and after', async () => {
  const gone = new AppError('client_cancelled', 'gone');
  const early = new AbortController();
  const waiting = stage(aRequest({ stream: true, signal: early.signal }), ({ signal }) =>
    silence(signal),
  );
  early.abort(gone);
  await assert.rejects(waiting, gone);

  let closed = false;
  async function* endless() {
    try {
      for (;;) yield* bytes(DELTA);
    } finally {
      closed = true;
    }
  }
  const { data } = await held(aResponse(200, { data: endless() }));
  for await (const _ of data as AsyncIterable<Uint8Array>) break;
  assert(closed);
});

test('a mistake of ours stays one: it is not the network’s, and not retried', async () => {
  const mistake = new TypeError('x');
  await assert.rejects(stage(aRequest({ stream: true }), scripted(mistake)), mistake);
});

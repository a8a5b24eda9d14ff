import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import { authenticate } from './authenticate.ts';
import { observeAttempt } from './observe-attempt.ts';
import { observeCall } from './observe-call.ts';
import {
  anUpstream,
  aRequest,
  aResponse,
  bytes,
  fakeClock,
  recordingCall,
  scripted,
  textOf,
} from './testing.ts';
import { timeout } from './timeout.ts';

const clock = fakeClock();

test('authenticate asks for a key on each attempt and leaves the request alone', async () => {
  const keys = ['one-key', 'another-key'];
  const stage = authenticate(async () => keys.shift());
  const next = scripted(aResponse(), aResponse());
  const request = aRequest({ headers: { accept: 'x' } });
  await stage(request, next);
  await stage(request, next);
  assert.deepEqual(
    next.seen.map((r) => r.headers),
    [
      { accept: 'x', 'x-api-key': 'one-key' },
      { accept: 'x', 'x-api-key': 'another-key' },
    ],
  );
  assert.deepEqual(request.headers, { accept: 'x' });
  await assert.rejects(async () => stage(request, next), { code: 'no_key' });
});

test('timeout aborts what it limits, retryable, and says the limit', async () => {
  let aborted: unknown;
  const stage = timeout(5);
  const hang = stage(aRequest(), ({ signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason;
        reject(signal.reason);
      });
    });
  });
  await assert.rejects(hang, { code: 'timeout', retryable: true, message: /within 5 ms/ });
  assert(aborted instanceof AppError);
});

test('timeout leaves streams to hold, and its signal lets go of the caller’s', async () => {
  const request = aRequest({ stream: true });
  const next = scripted(aResponse());
  await timeout(1)(request, next);
  assert.equal(next.seen[0], request);
  const controller = new AbortController();
  let inner: AbortSignal | undefined;
  await timeout(60_000)(aRequest({ signal: controller.signal }), async ({ signal }) => {
    inner = signal;
    return aResponse();
  });
  controller.abort();
  assert.equal(inner?.aborted, false);
});

const ATTEMPTS: readonly [number | Error, string, number][] = [
  [200, 'success', 200],
  [400, 'invalid_request', 400],
  [401, 'auth_error', 401],
  [429, 'rate_limited', 429],
  [500, 'upstream_error', 500],
  [504, 'timeout', 504],
  [529, 'overloaded', 529],
  [new AppError('network_error', 'x'), 'network_error', 0],
  [new AppError('client_cancelled', 'x'), 'client_cancelled', 0],
  [new RangeError('x'), 'internal_error', 0],
];
for (const [step, outcome, status] of ATTEMPTS) {
  test(`observeAttempt: ${step} → ${outcome}`, async () => {
    const call = recordingCall();
    const next = scripted(step instanceof Error ? step : aResponse(step));
    const result = observeAttempt({ clock })(
      aRequest({ call, upstream: anUpstream({ name: 'up' }) }),
      next,
    );
    await (step instanceof Error ? assert.rejects(result) : result);
    assert.deepEqual(call.told, [['attempt', 'up', outcome, status]]);
    assert.equal(next.seen[0]?.headers['x-correlation-id'], 'id-1');
  });
}

test('observeAttempt: a stream ends with its call', async () => {
  const call = recordingCall();
  const next = scripted(aResponse(200, { data: bytes() }));
  await observeAttempt({ clock })(aRequest({ call, upstream: anUpstream({ name: 'up' }) }), next);
  assert.deepEqual(call.told, [['streaming', 'up', 200]]);
});

const START =
  'event: message_start\ndata: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":7,"output_tokens":1,"cache_read_input_tokens":2}}}\n\n';
const DELTA = 'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n';
const END =
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}\n\n';
const STOP = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
const FAULT = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n';
const USAGE = { inputTokens: 7, outputTokens: 9, cacheReadTokens: 2, cacheCreationTokens: 0 };

async function watch(...texts: string[]) {
  const call = recordingCall();
  const stage = observeCall({ clock });
  const { data } = await stage(
    aRequest({ call }),
    scripted(aResponse(200, { data: bytes(...texts) })),
  );
  return { call, data };
}

test('a stream goes through byte for byte, split anywhere, and has ended with message_stop', async () => {
  const all = START + DELTA + DELTA + END + STOP;
  const { call, data } = await watch(all.slice(0, 20), all.slice(20, 21), all.slice(21));
  assert.equal(await textOf(data), all);
  assert.deepEqual(call.told, [['chunk'], ['chunk'], ['usage', USAGE], ['end', 'success']]);
});

test('unknown events and broken data pass through', async () => {
  const odd = 'event: brand_new\ndata: {"a":1}\n\nevent: message_start\ndata: {broken\n\n';
  const { call, data } = await watch(odd + STOP);
  assert.equal(await textOf(data), odd + STOP);
  assert.deepEqual(call.told, [['end', 'success']]);
});

test('a stream without message_stop is truncated, its usage kept', async () => {
  const { call, data } = await watch(START + DELTA);
  await assert.rejects(textOf(data), { code: 'truncated' });
  assert.deepEqual(call.told.at(-1), ['end', 'truncated']);
  assert.equal(call.told.at(-2)?.toString().startsWith('usage'), true);
});

test('an error event inside a 200 is what it is', async () => {
  const { call, data } = await watch(START + FAULT);
  assert.equal(await textOf(data), START + FAULT);
  assert.deepEqual(call.told.at(-1), ['end', 'overloaded']);
});

test('a reader who leaves has cancelled', async () => {
  const { call, data } = await watch(START, DELTA, STOP);
  for await (const _ of data as AsyncIterable<Uint8Array>) break;
  assert.deepEqual(call.told.at(-1), ['end', 'client_cancelled']);
});

test('a stream that breaks is an error of ours, in the taxonomy', async () => {
  const call = recordingCall();
  async function* broken() {
    yield new TextEncoder().encode(START);
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  }
  const next = scripted(aResponse(200, { data: broken() }));
  const { data } = await observeCall({ clock })(aRequest({ call }), next);
  await assert.rejects(textOf(data), { code: 'network_error' });
  assert.deepEqual(call.told.at(-1), ['end', 'network_error']);
});

const ANSWERS: readonly [status: number, data: string, outcome: string][] = [
  [200, '{"type":"message"}', 'success'],
  [200, '{"type":"error","error":{"type":"overloaded_error"}}', 'overloaded'],
  [404, '{"type":"error"}', 'invalid_request'],
  [402, '{"type":"error"}', 'auth_error'],
  [529, '{"type":"error"}', 'overloaded'],
];
for (const [status, data, outcome] of ANSWERS) {
  test(`observeCall: ${status} ${data} → ${outcome}`, async () => {
    const call = recordingCall();
    const answer = await observeCall({ clock })(
      aRequest({ call }),
      scripted(aResponse(status, { data })),
    );
    assert.equal(answer.data, data);
    assert.deepEqual(call.told, [['end', outcome]]);
  });
}

for (const data of ['<html>', '{"cut":', '[]', 'null', '']) {
  test(`observeCall: ${JSON.stringify(data)} is no answer`, async () => {
    const call = recordingCall();
    const result = observeCall({ clock })(aRequest({ call }), scripted(aResponse(200, { data })));
    await assert.rejects(result, { code: 'bad_upstream_answer', status: 502 });
    assert.deepEqual(call.told, [['end', 'upstream_error']]);
  });
}

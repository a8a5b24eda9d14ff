import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import type { Outcome } from '../telemetry/recorder.ts';
import {
  aRequest,
  aResponse,
  bytes,
  fakeClock,
  recordingCall,
  stageTable,
} from '../testing/fakes.ts';
import { createRetryBudget } from '../upstreams/retry-budget.ts';
import { hedge } from './hedge.ts';
import type { Clock, PipelineRequest, PipelineResponse } from './stage.ts';

const gone = new AppError('client_cancelled', 'gone');
/** A clock whose sleepers wait until they are aborted: nothing is ever late. */
const still: Clock = {
  now: () => 0,
  sleep: (_ms, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
};
const budgetOf = (capacity: number) => createRetryBudget({ ratio: 0, capacity });

stageTable(() => hedge(50, { clock: still, budget: budgetOf(1) }), {
  'an answer in time is the answer': {
    given: { body: '{"a":1}' },
    answers: [aResponse()],
    saw: [{ body: '{"a":1}' }],
    result: 200,
  },
  'so is a failure in time: it is retry’s': {
    answers: [aResponse(529)],
    saw: [{}],
    result: 529,
  },
  'and an error': {
    answers: [new AppError('network_error', 'x')],
    saw: [{}],
    result: 'network_error',
  },
});

/** Two attempts whose answers the test gives by hand; everything is late at once. */
function setUp(capacity = 1) {
  const call = recordingCall();
  const caller = new AbortController();
  const begun: { request: PipelineRequest; answer: (r: PipelineResponse | Error) => void }[] = [];
  const stage = hedge(50, { clock: fakeClock(), budget: budgetOf(capacity) });
  const running = stage(aRequest({ call, signal: caller.signal }), (request) => {
    const { promise, resolve, reject } = Promise.withResolvers<PipelineResponse>();
    request.signal.addEventListener('abort', () => reject(request.signal.reason));
    const answer = (r: PipelineResponse | Error) => (r instanceof Error ? reject(r) : resolve(r));
    begun.push({ request, answer });
    return promise;
  });
  const both = async () => {
    while (begun.length < 2) await Promise.resolve();
    return begun as [(typeof begun)[0], (typeof begun)[0]];
  };
  return { begun, both, call, caller, running };
}

test('late: the second is asked, wins, and the first is aborted', async () => {
  const { both, call, running } = setUp();
  const [first, second] = await both();
  second.answer(aResponse(200, { data: 'second' }));
  assert.equal((await running).data, 'second');
  assert.equal(first.request.signal.aborted, true);
  assert.equal(second.request.signal.aborted, false);
  assert.deepEqual(call.told, [['hedged', true]]);
});

test('late: the first may still win', async () => {
  const { both, call, running } = setUp();
  const [first, second] = await both();
  first.answer(aResponse(200, { data: 'first' }));
  assert.equal((await running).data, 'first');
  assert.equal(second.request.signal.aborted, true);
  assert.deepEqual(call.told, [['hedged', false]]);
});

test('one that fails leaves it to the other; when both fail the last word is retry’s', async () => {
  const one = setUp();
  const [first, second] = await one.both();
  first.answer(aResponse(529));
  second.answer(aResponse(200));
  assert.equal((await one.running).status, 200);

  const two = setUp();
  const [a, b] = await two.both();
  b.answer(new AppError('network_error', 'x', { retryable: true }));
  a.answer(aResponse(503));
  assert.equal((await two.running).status, 503);
});

test('without budget nothing is asked twice', async () => {
  const { begun, running } = setUp(0);
  while (begun.length < 1) await Promise.resolve();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assert.equal(begun.length, 1);
  begun[0]?.answer(aResponse());
  assert.equal((await running).status, 200);
});

test('a caller who leaves ends both, and a stream’s as long as it runs', async () => {
  const waiting = setUp();
  const pair = await waiting.both();
  waiting.caller.abort(gone);
  await assert.rejects(waiting.running, gone);
  for (const { request } of pair) assert.equal(request.signal.reason, gone);

  const streaming = setUp();
  const [first] = await streaming.both();
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  first.answer(aResponse(200, { data: bytes(), ended }));
  await streaming.running;
  streaming.caller.abort(gone);
  assert.equal(first.request.signal.aborted, true);
  resolve('client_cancelled');
});

test('a stream that has ended holds the caller’s signal no more', async () => {
  const { both, caller, running } = setUp();
  const [first] = await both();
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  first.answer(aResponse(200, { data: bytes(), ended }));
  await running;
  resolve('success');
  await ended;
  caller.abort(gone);
  assert.equal(first.request.signal.aborted, false);
});

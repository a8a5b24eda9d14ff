import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import {
  anUpstream,
  aRequest,
  aResponse,
  events,
  type Row,
  recordingCall,
  scripted,
  stageTable,
} from '../testing/fakes.ts';
import { CallState } from './call-state.ts';
import { observeAttempt } from './observe-attempt.ts';

const upstream = anUpstream({ name: 'up' });

/** An attempt that returns this status or throws this error, and the outcome that is recorded. */
function attempt(
  step: number | Error,
  outcome: Outcome,
  result: Row['result'] = String(step),
): Row {
  const status = typeof step === 'number' ? step : 0;
  return {
    given: { upstream, headers: { accept: 'x' } },
    answers: [typeof step === 'number' ? aResponse(step) : step],
    saw: [{ headers: { accept: 'x', 'x-correlation-id': 'id-1' } }],
    result: typeof step === 'number' ? step : result,
    recorded: [['attempt', 'up', outcome, status]],
  };
}

stageTable('observeAttempt', observeAttempt, {
  'a 200 is a success': attempt(200, 'success'),
  'a 400 is the caller’s mistake': attempt(400, 'invalid_request'),
  'a 401 is an authentication error': attempt(401, 'auth_error'),
  'a 429 is a rate limit': attempt(429, 'rate_limited'),
  'a 500 is an upstream error': attempt(500, 'upstream_error'),
  'a 504 is a timeout': attempt(504, 'timeout'),
  'a 529 is overload': attempt(529, 'overloaded'),
  'an error keeps its own outcome': attempt(
    new AppError('network_error', 'x'),
    'network_error',
    'network_error',
  ),
  'a caller who leaves is a cancellation': attempt(
    new AppError('client_cancelled', 'x'),
    'client_cancelled',
    'client_cancelled',
  ),
  'an unknown error is internal': attempt(new RangeError('x'), 'internal_error', 'x'),
});

test('observeAttempt: the attempt of a stream ends as its stream does', async () => {
  const call = recordingCall();
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  const next = scripted(aResponse(200, { data: events(), outcome: ended }));
  await observeAttempt()(aRequest({ call, upstream }), next);
  assert.deepEqual(call.recorded, []);
  resolve('truncated');
  await ended;
  assert.deepEqual(call.recorded, [['attempt', 'up', 'truncated', 200]]);
});

test('observeAttempt: the time until the response is the upstream’s, however the attempt ends', async () => {
  for (const step of [aResponse(), new Error('x')]) {
    let nowMs = 0;
    const state = new CallState(() => nowMs);
    const attempt = observeAttempt()(aRequest({ state }), async () => {
      nowMs += 5;
      if (step instanceof Error) throw step;
      return step;
    });
    await attempt.catch(() => {});
    nowMs += 2;
    assert.equal(state.upstreamWait.elapsedMs(), 5);
    assert.equal(state.overheadMs(), 2);
  }
});

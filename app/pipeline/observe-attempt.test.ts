import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import type { Outcome } from '../telemetry/recorder.ts';
import {
  anUpstream,
  aRequest,
  aResponse,
  bytes,
  type Row,
  recordingCall,
  scripted,
  stageTable,
} from '../testing/fakes.ts';
import { observeAttempt } from './observe-attempt.ts';

const upstream = anUpstream({ name: 'up' });

/** An attempt that answers or throws so, and what the call is told of it. */
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
    told: [['attempt', 'up', outcome, status]],
  };
}

stageTable(() => observeAttempt(), {
  '200': attempt(200, 'success'),
  '400': attempt(400, 'invalid_request'),
  '401': attempt(401, 'auth_error'),
  '429': attempt(429, 'rate_limited'),
  '500': attempt(500, 'upstream_error'),
  '504': attempt(504, 'timeout'),
  '529': attempt(529, 'overloaded'),
  'no connection': attempt(new AppError('network_error', 'x'), 'network_error', 'network_error'),
  'a caller who left': attempt(
    new AppError('client_cancelled', 'x'),
    'client_cancelled',
    'client_cancelled',
  ),
  'a mistake of ours': attempt(new RangeError('x'), 'internal_error', 'x'),
});

test('a stream’s attempt ends as its stream does', async () => {
  const call = recordingCall();
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  const next = scripted(aResponse(200, { data: bytes(), ended }));
  await observeAttempt()(aRequest({ call, upstream }), next);
  assert.deepEqual(call.told, []);
  resolve('truncated');
  await ended;
  assert.deepEqual(call.told, [['attempt', 'up', 'truncated', 200]]);
});

test('the time until the answer is the upstream’s', async () => {
  const told: string[] = [];
  const call = {
    ...recordingCall(),
    waitBegins: () => void told.push('begins'),
    waitEnds: () => void told.push('ends'),
  };
  await observeAttempt()(aRequest({ call }), async () => {
    told.push('asked');
    return aResponse();
  });
  assert.deepEqual(told, ['begins', 'asked', 'ends']);
});

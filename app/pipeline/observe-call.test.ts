import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import type { Outcome } from '../telemetry/recorder.ts';
import {
  aRequest,
  aResponse,
  bytes,
  recordingCall,
  scripted,
  stageTable,
} from '../testing/fakes.ts';
import { observeCall } from './observe-call.ts';

stageTable(observeCall, {
  'an answer': {
    given: { body: '{"a":1}' },
    answers: [aResponse()],
    saw: [{ body: '{"a":1}' }],
    result: 200,
    told: [['end', 'success']],
  },
  'its request ID is kept': {
    answers: [aResponse(529, { headers: { 'request-id': 'req_1' } })],
    saw: [{}],
    result: 529,
    told: [
      ['answer', { requestId: 'req_1' }],
      ['end', 'overloaded'],
    ],
  },
  'the caller’s mistake': {
    answers: [aResponse(404)],
    saw: [{}],
    result: 404,
    told: [['end', 'invalid_request']],
  },
  'our key': { answers: [aResponse(402)], saw: [{}], result: 402, told: [['end', 'auth_error']] },
  'an error': {
    answers: [new AppError('no_upstream', 'x')],
    saw: [{}],
    result: 'no_upstream',
    told: [['end', 'upstream_error']],
  },
  'a mistake of ours': {
    answers: [new TypeError('x')],
    saw: [{}],
    result: 'x',
    told: [['end', 'internal_error']],
  },
});

test('a stream has ended when its stream has', async () => {
  const call = recordingCall();
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  const next = scripted(aResponse(200, { data: bytes(), ended }));
  await observeCall()(aRequest({ call }), next);
  assert.deepEqual(call.told, []);
  resolve('success');
  await ended;
  assert.deepEqual(call.told, [['end', 'success']]);
});

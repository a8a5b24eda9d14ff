import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import {
  aRequest,
  aResponse,
  events,
  recordingCall,
  scripted,
  stageTable,
} from '../testing/fakes.ts';
import { observeCall } from './observe-call.ts';

stageTable('observeCall', observeCall, {
  'a response ends the call': {
    given: { body: '{"a":1}' },
    answers: [aResponse()],
    saw: [{ body: '{"a":1}' }],
    result: 200,
    recorded: [['end', 'success']],
  },
  'a 404 is the caller’s mistake': {
    answers: [aResponse(404)],
    saw: [{}],
    result: 404,
    recorded: [['end', 'invalid_request']],
  },
  'a 402 is an authentication error': {
    answers: [aResponse(402)],
    saw: [{}],
    result: 402,
    recorded: [['end', 'auth_error']],
  },
  'an error keeps its own outcome': {
    answers: [new AppError('no_upstream', 'x')],
    saw: [{}],
    result: 'no_upstream',
    recorded: [['end', 'upstream_error']],
  },
  'an unknown error is internal': {
    answers: [new TypeError('x')],
    saw: [{}],
    result: 'x',
    recorded: [['end', 'internal_error']],
  },
});

test('observeCall: the call of a stream ends as its stream does', async () => {
  const call = recordingCall();
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  const next = scripted(aResponse(200, { data: events(), outcome: ended }));
  await observeCall()(aRequest({ call }), next);
  assert.deepEqual(call.recorded, []);
  resolve('success');
  await ended;
  assert.deepEqual(call.recorded, [['end', 'success']]);
});

test('observeCall: a recorder that throws breaks no call, complete or streaming', async () => {
  const call = { ...recordingCall(), end: () => assert.fail('telemetry') };
  for (const response of [aResponse(), aResponse(200, { data: events() })]) {
    assert.equal(await observeCall()(aRequest({ call }), scripted(response)), response);
    await response.outcome;
  }
  // An unhandled rejection would fail this file.
  await new Promise(setImmediate);
});

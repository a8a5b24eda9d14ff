import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authenticate } from './authenticate.ts';
import { anUpstream, aRequest, aResponse, scripted, stageTable } from './testing.ts';

stageTable(() => authenticate(), {
  'the upstream’s key is put on': {
    given: { headers: { accept: 'x' }, upstream: anUpstream({ key: () => 'its-key' }) },
    answers: [aResponse()],
    saw: [{ headers: { accept: 'x', 'x-api-key': 'its-key' } }],
    result: 200,
  },
  'a caller’s key does not survive': {
    given: { headers: { 'x-api-key': 'other' }, upstream: anUpstream({ key: () => 'its-key' }) },
    answers: [aResponse()],
    saw: [{ headers: { 'x-api-key': 'its-key' } }],
    result: 200,
  },
  'without a key nothing is sent': {
    given: { upstream: anUpstream({ key: () => undefined }) },
    answers: [],
    saw: [],
    result: 'no_key',
  },
});

test('each attempt asks anew', async () => {
  const keys = ['one-key', 'another-key'];
  const stage = authenticate(async () => keys.shift());
  const next = scripted(aResponse(), aResponse());
  await stage(aRequest(), next);
  await stage(aRequest(), next);
  assert.deepEqual(
    next.seen.map(({ headers }) => headers['x-api-key']),
    ['one-key', 'another-key'],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  anUpstream,
  aRequest,
  aResponse,
  type Row,
  ringOf,
  scripted,
  stageTable,
} from '../testing/fakes.ts';
import { authenticate } from './authenticate.ts';

/** One attempt with keys, an answer, and whether another key is tried. */
function row(keys: readonly string[], status: number, another: boolean, headers = {}): Row {
  return {
    given: { headers: { accept: 'x' }, upstream: anUpstream({ keys: ringOf(...keys) }) },
    answers: [aResponse(status, { headers })],
    saw: [{ headers: { accept: 'x', 'x-api-key': keys[0] ?? '' } }],
    result: status,
    ...(another && { told: [['keyLeft', 'k1', status]] }),
  };
}

stageTable(authenticate, {
  'the upstream’s key is put on': row(['its-key'], 200, false),
  'a refused key is out, another is tried': row(['its-key', 'another'], 401, true),
  'so is one without rights': row(['its-key', 'another'], 403, true),
  'so is one whose bill is not paid': row(['its-key', 'another'], 402, true),
  'so is one whose limit is used up': row(['its-key', 'another'], 429, true, {
    'retry-after': '9',
  }),
  'a 429 that names no time is not the key’s': row(['its-key', 'another'], 429, false),
  'without another, the answer is the answer': row(['its-key'], 401, false),
  'a caller’s mistake says nothing of the key': row(['its-key', 'another'], 400, false),
  'a caller’s header does not survive': {
    given: { headers: { 'x-api-key': 'other' }, upstream: anUpstream({ keys: ringOf('its-key') }) },
    answers: [aResponse()],
    saw: [{ headers: { 'x-api-key': 'its-key' } }],
    result: 200,
  },
  'a caller’s own keys go first': {
    given: {
      upstream: anUpstream({ name: 'up', keys: ringOf('its-key') }),
      ownKeys: new Map([['up', ringOf('own-key')]]),
    },
    answers: [aResponse()],
    saw: [{ headers: { 'x-api-key': 'own-key' } }],
    result: 200,
  },
  'own keys for another upstream do not': {
    given: {
      upstream: anUpstream({ name: 'up', keys: ringOf('its-key') }),
      ownKeys: new Map([['other', ringOf('own-key')]]),
    },
    answers: [aResponse()],
    saw: [{ headers: { 'x-api-key': 'its-key' } }],
    result: 200,
  },
  'without a key nothing is sent': {
    given: { upstream: anUpstream({ keys: ringOf() }) },
    answers: [],
    saw: [],
    result: 'no_key',
  },
});

test('the next attempt takes another key; when all rest, the one that is back first', async () => {
  const stage = authenticate();
  const request = aRequest({ upstream: anUpstream({ keys: ringOf('one', 'two') }) });
  const limited = aResponse(429, { headers: { 'retry-after': '9' } });
  const next = scripted(limited, limited, limited);
  assert.equal((await stage(request, next)).anotherKey, true);
  assert.equal((await stage(request, next)).anotherKey, undefined);
  await stage(request, next);
  assert.deepEqual(
    next.seen.map(({ headers }) => headers['x-api-key']),
    ['one', 'two', 'one'],
  );
});

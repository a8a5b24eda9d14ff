import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../outcome.ts';
import {
  anUpstream,
  aRequest,
  aResponse,
  asSent,
  events,
  keyPoolOf,
  limitUseOf,
  type Row,
  scripted,
  stageTable,
} from '../testing/fakes.ts';
import { authenticate } from './authenticate.ts';

/** One attempt with these keys, the status of its response, and whether another key is tried. */
function row(keys: readonly string[], status: number, another: boolean, headers = {}): Row {
  return {
    given: { headers: { accept: 'x' }, upstream: anUpstream({ keys: keyPoolOf(...keys) }) },
    answers: [aResponse(status, { headers })],
    saw: [{ headers: { accept: 'x', 'x-api-key': keys[0] ?? '' } }],
    result: status,
    ...(another && { recorded: [['keyRejected', 'k1', status]] }),
  };
}

stageTable('authenticate', () => authenticate(limitUseOf), {
  'the upstream’s key is sent': row(['its-key'], 200, false),
  'a 401 rejects the key, another is tried': row(['its-key', 'another'], 401, true),
  'a 403 rejects the key, another is tried': row(['its-key', 'another'], 403, true),
  'a 402 rejects the key, another is tried': row(['its-key', 'another'], 402, true),
  'a 429 with retry-after lets the key cool down, another is tried': row(
    ['its-key', 'another'],
    429,
    true,
    {
      'retry-after': '9',
    },
  ),
  'a 429 that names no time says nothing about the key': row(['its-key', 'another'], 429, false),
  'a rejection of the only key is returned as it is': row(['its-key'], 401, false),
  'a 400 says nothing about the key': row(['its-key', 'another'], 400, false),
  'a 400 about the account rejects the key, another is tried': {
    ...row(['its-key', 'another'], 400, true),
    answers: [aResponse(400, { failure: 'auth_error' })],
  },
  'a 403 about the caller says nothing about the key': {
    ...row(['its-key', 'another'], 403, false),
    answers: [aResponse(403, { failure: 'invalid_request' })],
  },
  'a caller’s x-api-key is replaced': {
    given: {
      headers: { 'x-api-key': 'other' },
      upstream: anUpstream({ keys: keyPoolOf('its-key') }),
    },
    answers: [aResponse()],
    saw: [{ headers: { 'x-api-key': 'its-key' } }],
    result: 200,
  },
  'a caller’s own key for the upstream is sent in place of the upstream’s': {
    given: {
      upstream: anUpstream({ name: 'up', keys: keyPoolOf('its-key') }),
      ownKeys: new Map([['up', keyPoolOf('own-key')]]),
    },
    answers: [aResponse()],
    saw: [{ headers: { 'x-api-key': 'own-key' } }],
    result: 200,
  },
  'a caller’s own key for another upstream is not sent': {
    given: {
      upstream: anUpstream({ name: 'up', keys: keyPoolOf('its-key') }),
      ownKeys: new Map([['other', keyPoolOf('own-key')]]),
    },
    answers: [aResponse()],
    saw: [{ headers: { 'x-api-key': 'its-key' } }],
    result: 200,
  },
  'nothing is sent without a key': {
    given: { upstream: anUpstream({ keys: keyPoolOf() }) },
    answers: [],
    saw: [],
    result: 'no_key',
  },
});

test('authenticate: the next attempt takes another key, and the one that recovers first when all cool down', async () => {
  const stage = authenticate(limitUseOf);
  const request = aRequest({ upstream: anUpstream({ keys: keyPoolOf('one', 'two') }) });
  const limited = aResponse(429, { headers: { 'retry-after': '9' } });
  const next = scripted(limited, limited, limited);
  assert.equal((await stage(request, next)).retryWithAnotherKey, true);
  assert.equal((await stage(request, next)).retryWithAnotherKey, undefined);
  await stage(request, next);
  assert.deepEqual(
    next.seen.map((request) => asSent(request).headers['x-api-key']),
    ['one', 'two', 'one'],
  );
});

test('authenticate: a 403 to a caller who named a workspace tries another key, and rejects none', async () => {
  for (const name of ['anthropic-workspace-id', 'anthropic-user-profile-id']) {
    const keys = keyPoolOf('one', 'two');
    const headers = { [name]: 'wrkspc_of_somebody_else' };
    const request = aRequest({ upstream: anUpstream({ keys }), headers });
    const response = await authenticate(limitUseOf)(request, scripted(aResponse(403)));
    assert.equal(response.retryWithAnotherKey, true);
    const states = keys.view().map(({ state }) => state);
    assert.deepEqual(states, ['active', 'active'], name);
  }
});

test('authenticate: a stream that ends in an error about the account rejects the key', async () => {
  const keys = keyPoolOf('one', 'two');
  const request = aRequest({ upstream: anUpstream({ keys }), stream: true });
  const ended = Promise.resolve<Outcome>('auth_error');
  const begun = aResponse(200, { data: events(), outcome: ended });
  const response = await authenticate(limitUseOf)(request, scripted(begun));
  assert.equal(response.retryWithAnotherKey, undefined, 'it has begun');
  await ended;
  assert.deepEqual(
    keys.view().map(({ state }) => state),
    ['rejected', 'active'],
  );
});

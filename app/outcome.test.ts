import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApiError } from './anthropic/account-errors.ts';
import { API_ERROR_STATUS } from './anthropic/errors.ts';
import {
  ATTEMPT_ERRORS,
  DURATION_OUTCOMES,
  durationOutcome,
  ERROR_CODES,
  OUTCOMES,
  outcomeOfApiError,
  outcomeOfErrorEvent,
  outcomeOfStatus,
  outcomesWhere,
} from './outcome.ts';

const STATUSES: readonly (readonly [status: number, outcome: string])[] = [
  [200, 'success'],
  [204, 'success'],
  [304, 'upstream_error'],
  [400, 'invalid_request'],
  [401, 'auth_error'],
  [402, 'auth_error'],
  [403, 'auth_error'],
  [404, 'invalid_request'],
  [405, 'invalid_request'],
  [408, 'timeout'],
  [409, 'invalid_request'],
  [413, 'invalid_request'],
  [422, 'invalid_request'],
  [425, 'invalid_request'],
  [429, 'rate_limited'],
  [431, 'invalid_request'],
  [451, 'invalid_request'],
  [499, 'invalid_request'],
  [500, 'upstream_error'],
  [502, 'upstream_error'],
  [503, 'upstream_error'],
  [504, 'timeout'],
  [529, 'overloaded'],
];
for (const [status, outcome] of STATUSES) {
  test(`outcomeOfStatus: ${status} is ${outcome}`, () => {
    assert.equal(outcomeOfStatus(status), outcome);
  });
}

const SENT = { url: '/v1/messages', headers: {} };
const errorOf = (type: string, error_code = '') =>
  readApiError({ error: { type, details: { error_code } } });

test('outcomeOfApiError: the account’s fault is auth_error, the caller’s invalid_request, else the status tells', () => {
  const outcomeOf = (status: number, code: string) =>
    outcomeOfApiError(status, errorOf('', code), SENT);
  assert.equal(outcomeOf(400, 'organization_on_hold'), 'auth_error');
  assert.equal(outcomeOf(429, 'enforced_spend_limit_reached'), 'auth_error');
  assert.equal(outcomeOf(403, 'user_profile_not_billable'), 'invalid_request');
  assert.equal(outcomeOfApiError(403, undefined, SENT), 'invalid_request');
  for (const [status, outcome] of STATUSES) {
    if (status >= 400) assert.equal(outcomeOf(status, ''), outcome);
  }
});

test('outcomeOfErrorEvent: an error inside a stream has the outcome of its status', () => {
  for (const [type, status] of Object.entries(API_ERROR_STATUS)) {
    assert.equal(outcomeOfErrorEvent(errorOf(type), SENT), outcomeOfStatus(status), type);
  }
  const onHold = errorOf('invalid_request_error', 'organization_on_hold');
  assert.equal(outcomeOfErrorEvent(onHold, SENT), 'auth_error');
  assert.equal(outcomeOfErrorEvent(errorOf('something_new'), SENT), 'upstream_error');
  assert.equal(outcomeOfErrorEvent(errorOf('constructor'), SENT), 'upstream_error');
});

test('outcomes: the sets that the service filters from the table', () => {
  assert.deepEqual(ATTEMPT_ERRORS, [
    'upstream_error',
    'overloaded',
    'rate_limited',
    'timeout',
    'network_error',
    'truncated',
    'auth_error',
  ]);
  assert.deepEqual(
    outcomesWhere(({ upstreamFault }) => upstreamFault === true),
    ['upstream_error', 'overloaded', 'timeout', 'network_error', 'truncated'],
  );
  assert.deepEqual(
    outcomesWhere(({ objective }) => objective === 'excluded'),
    ['invalid_request', 'client_cancelled'],
  );
  assert.deepEqual(
    outcomesWhere(({ isError }) => !isError),
    ['success', 'client_cancelled'],
  );
  assert.deepEqual(
    outcomesWhere(({ keyFault }) => keyFault === true),
    ['auth_error'],
  );
  assert.deepEqual(
    outcomesWhere(({ lateIsSlow }) => lateIsSlow === true),
    ['client_cancelled'],
  );
});

test('error codes: every outcome is one of the table, only refusals of ours are recorded apart', () => {
  for (const { outcome } of Object.values(ERROR_CODES)) assert(OUTCOMES.includes(outcome));
  const refused = Object.entries(ERROR_CODES).filter(([, traits]) => 'refused' in traits);
  assert.deepEqual(
    refused.map(([code]) => code),
    [
      'invalid_request',
      'unauthenticated',
      'forbidden',
      'request_timeout',
      'request_too_large',
      'headers_too_large',
      'quota_exceeded',
      'draining',
      'shed',
      'signature_unverifiable',
      'internal_error',
    ],
  );
});

test('durationOutcome: what the latency objective reads keeps its name, all other outcomes are one', () => {
  const kept = outcomesWhere(
    ({ objective, lateIsSlow }) => objective === 'good' || lateIsSlow === true,
  );
  for (const outcome of OUTCOMES) {
    const expected = kept.includes(outcome) ? outcome : 'failed';
    assert.equal(durationOutcome(outcome), expected);
  }
  assert.deepEqual([...kept, 'failed'], DURATION_OUTCOMES);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_ERROR_STATUS } from './anthropic/errors.ts';
import {
  ATTEMPT_ERRORS,
  ERROR_CODES,
  OUTCOMES,
  outcomeOfErrorType,
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
  [408, 'timeout'],
  [413, 'invalid_request'],
  [429, 'rate_limited'],
  [500, 'upstream_error'],
  [504, 'timeout'],
  [529, 'overloaded'],
];
for (const [status, outcome] of STATUSES) {
  test(`outcomeOfStatus: ${status} is ${outcome}`, () => {
    assert.equal(outcomeOfStatus(status), outcome);
  });
}

test('outcomeOfErrorType: an error inside a stream has the outcome of its status', () => {
  for (const [type, status] of Object.entries(API_ERROR_STATUS)) {
    assert.equal(outcomeOfErrorType(type), outcomeOfStatus(status), type);
  }
  assert.equal(outcomeOfErrorType('something_new'), 'upstream_error');
  assert.equal(outcomeOfErrorType('constructor'), 'upstream_error');
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
      'request_too_large',
      'quota_exceeded',
      'draining',
      'shed',
      'signature_unverifiable',
    ],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, errorBody, outcomeOfError } from './errors.ts';
import { Redactor } from './privacy/redactor.ts';

test('errorBody: the message that callers see is redacted, the error keeps its own', () => {
  const error = new AppError('invalid_request', 'of bob@example.com with planted-secret');
  const { text } = new Redactor({ secrets: () => ['planted-secret'] });
  assert.equal(errorBody(error, 'id-1', text).error.message, 'of [redacted:email] with [redacted]');
  assert.equal(error.message, 'of bob@example.com with planted-secret');
});

test('outcomeOfError: an error of ours keeps its outcome, anything else is internal', () => {
  assert.equal(outcomeOfError(new AppError('caller_deadline', 'x')), 'client_cancelled');
  assert.equal(outcomeOfError(new AppError('signature_unverifiable', 'x')), 'internal_error');
  assert.equal(outcomeOfError(new RangeError('x')), 'internal_error');
  assert.equal(outcomeOfError(undefined), 'internal_error');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, errorBody, redactErrorsWith } from './errors.ts';
import { createRedactor } from './privacy/redactor.ts';

test('what callers are shown has passed the rules, and knows the service’s secrets', () => {
  const error = new AppError('invalid_request', 'of bob@example.com with planted-secret');
  const message = () => errorBody(error, 'id-1').error.message;
  assert.equal(message(), 'of [redacted:email] with planted-secret');
  redactErrorsWith(createRedactor({ secrets: () => ['planted-secret'] }));
  assert.equal(message(), 'of [redacted:email] with [redacted]');
  assert.equal(error.message, 'of bob@example.com with planted-secret');
});

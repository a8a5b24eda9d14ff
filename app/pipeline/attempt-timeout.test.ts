import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import { aRequest, aResponse, scripted, stageTable } from '../testing/fakes.ts';
import { attemptTimeout } from './attempt-timeout.ts';

stageTable('attemptTimeout', () => attemptTimeout(60_000), {
  'a response in time passes': {
    given: { body: '{"a":1}' },
    answers: [aResponse(529)],
    saw: [{ body: '{"a":1}' }],
    result: 529,
  },
  'an error in time passes': {
    answers: [new AppError('network_error', 'x')],
    saw: [{}],
    result: 'network_error',
  },
});

test('attemptTimeout: it aborts a late attempt with a retryable error that names the limit', async () => {
  let aborted: unknown;
  const hang = attemptTimeout(5)(aRequest(), ({ signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason;
        reject(signal.reason);
      });
    });
  });
  await assert.rejects(hang, { code: 'timeout', retryable: true, message: /within 5 ms/ });
  assert(aborted instanceof AppError);
});

test('attemptTimeout: streams pass untouched, readResponse limits them', async () => {
  const request = aRequest({ stream: true });
  const next = scripted(aResponse());
  await attemptTimeout(1)(request, next);
  assert.equal(next.seen[0], request);
});

test('attemptTimeout: its signal no longer follows the caller’s once the attempt is over', async () => {
  const controller = new AbortController();
  let inner: AbortSignal | undefined;
  await attemptTimeout(60_000)(aRequest({ signal: controller.signal }), async ({ signal }) => {
    inner = signal;
    return aResponse();
  });
  controller.abort();
  assert.equal(inner?.aborted, false);
});

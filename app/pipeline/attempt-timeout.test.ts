import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import { aRequest, aResponse, scripted, stageTable } from '../testing/fakes.ts';
import { timeout } from './attempt-timeout.ts';

stageTable(() => timeout(60_000), {
  'an answer in time goes by': {
    given: { body: '{"a":1}' },
    answers: [aResponse(529)],
    saw: [{ body: '{"a":1}' }],
    result: 529,
  },
  'so does an error': {
    answers: [new AppError('network_error', 'x')],
    saw: [{}],
    result: 'network_error',
  },
});

test('it aborts what it limits, retryable, and says the limit', async () => {
  let aborted: unknown;
  const hang = timeout(5)(aRequest(), ({ signal }) => {
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

test('streams are hold’s: they go by as they are', async () => {
  const request = aRequest({ stream: true });
  const next = scripted(aResponse());
  await timeout(1)(request, next);
  assert.equal(next.seen[0], request);
});

test('when it is over its signal has let go of the caller’s', async () => {
  const controller = new AbortController();
  let inner: AbortSignal | undefined;
  await timeout(60_000)(aRequest({ signal: controller.signal }), async ({ signal }) => {
    inner = signal;
    return aResponse();
  });
  controller.abort();
  assert.equal(inner?.aborted, false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import { retry, retryAfterMs } from './retry.ts';
import type { PipelineResponse } from './stage.ts';
import { aRequest, aResponse, fakeClock, recordingCall, scripted } from './testing.ts';

const OPTIONS = { maxRetries: 2, baseMs: 100, capMs: 1000 };
const network = new AppError('network_error', 'x', { retryable: true });
const broken = new AppError('bad_upstream_answer', 'x');

function setUp() {
  const clock = fakeClock();
  const call = recordingCall();
  return { clock, call, stage: retry(OPTIONS, { clock, random: () => 0.5 }) };
}

const TABLE: readonly [name: string, first: PipelineResponse | Error, attempts: number][] = [
  ['200', aResponse(200), 1],
  ...[400, 401, 403, 404, 413, 422].map((s): [string, PipelineResponse, number] => [
    `${s}: would fail again`,
    aResponse(s),
    1,
  ]),
  ...[408, 409, 429, 500, 502, 503, 504, 529].map((s): [string, PipelineResponse, number] => [
    `${s}: can succeed`,
    aResponse(s),
    2,
  ]),
  ['x-should-retry: false', aResponse(500, { headers: { 'x-should-retry': 'false' } }), 1],
  ['x-should-retry: true', aResponse(400, { headers: { 'x-should-retry': 'true' } }), 2],
  ['network error', network, 2],
  ['an error that is not retryable', broken, 1],
  ['a mistake of ours', new TypeError('x'), 1],
];

for (const [name, first, attempts] of TABLE) {
  test(`${name} → ${attempts} attempt(s)`, async () => {
    const { call, stage } = setUp();
    const next = scripted(first, aResponse(200));
    const result = stage(aRequest({ call }), next);
    if (attempts === 1 && first instanceof Error) await assert.rejects(result, first);
    else
      assert.equal(
        (await result).status,
        attempts === 1 ? (first as PipelineResponse).status : 200,
      );
    assert.equal(next.seen.length, attempts);
    assert.equal(call.told.length, attempts - 1);
  });
}

test('back-off doubles with full jitter; the last answer tells the SDK not to go on', async () => {
  const { clock, call, stage } = setUp();
  const next = scripted(aResponse(500), aResponse(529), aResponse(503));
  const response = await stage(aRequest({ call }), next);
  assert.deepEqual(clock.slept, [50, 100]);
  assert.deepEqual(call.told, [
    ['retry', 'upstream_error'],
    ['retry', 'overloaded'],
  ]);
  assert.equal(response.status, 503);
  assert.equal(response.headers['x-should-retry'], 'false');
});

test('retry-after is obeyed, and never undercut', async () => {
  const { clock, stage } = setUp();
  const limited = aResponse(429, { headers: { 'retry-after': '1' } });
  await stage(aRequest(), scripted(limited, aResponse()));
  assert.deepEqual(clock.slept, [1050]);
});

test('an upstream that asks for more than the cap is not waited for', async () => {
  const { clock, stage } = setUp();
  const limited = aResponse(429, { headers: { 'retry-after': '60' } });
  const response = await stage(aRequest(), scripted(limited));
  assert.equal(response.status, 429);
  assert.deepEqual(clock.slept, []);
});

test('a cancelled call is not retried, and its back-off ends with its reason', async () => {
  const { stage } = setUp();
  const controller = new AbortController();
  const reason = new AppError('client_cancelled', 'gone');
  const next = scripted(aResponse(500), aResponse(200));
  const clock = {
    ...fakeClock(),
    sleep: async (_ms: number, signal: AbortSignal) => {
      controller.abort(reason);
      signal.throwIfAborted();
    },
  };
  const patient = retry(OPTIONS, { clock, random: () => 0 });
  await assert.rejects(patient(aRequest({ signal: controller.signal }), next), reason);
  assert.equal(
    (await stage(aRequest({ signal: controller.signal }), scripted(aResponse(500)))).status,
    500,
  );
});

const NOW = Date.parse('2026-01-01T00:00:00Z');
const HEADERS: readonly [Record<string, string>, number | undefined][] = [
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:03 GMT' }, 3000],
  [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after-ms': '-5' }, undefined],
  [{}, undefined],
];
for (const [headers, ms] of HEADERS) {
  test(`${JSON.stringify(headers)} → ${ms}`, () => {
    assert.equal(
      retryAfterMs(headers, () => NOW),
      ms,
    );
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../anthropic/errors.ts';
import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { aRequest, aResponse, fakeClock, recordingCall, scripted } from '../testing/fakes.ts';
import { RetryBudget } from '../upstreams/retry-budget.ts';
import { retry } from './retry.ts';
import type { LendSlot, PipelineResponse } from './stage.ts';

const OPTIONS = { maxRetries: 2, baseMs: 100, capMs: 1000 };
const network = new AppError('network_error', 'x', { retryable: true });
const broken = new AppError('bad_upstream_response', 'x');

function setUp(earned = 0.2) {
  const clock = fakeClock();
  const call = recordingCall();
  const budget = new RetryBudget({ earned, capacity: 100 });
  const deps = { clock, random: () => 0.5, budget };
  return { clock, call, budget, deps, stage: retry(OPTIONS, deps) };
}

const TABLE: readonly [name: string, first: PipelineResponse | Error, attempts: number][] = [
  ['200 has succeeded', aResponse(200), 1],
  ...[400, 401, 403, 404, 413, 422].map((s): [string, PipelineResponse, number] => [
    `${s} would fail again`,
    aResponse(s),
    1,
  ]),
  ...[408, 409, 429, 500, 502, 503, 504, 521, 529].map((s): [string, PipelineResponse, number] => [
    `${s} can succeed`,
    aResponse(s),
    2,
  ]),
  ['x-should-retry is false', aResponse(500, { headers: { 'x-should-retry': 'false' } }), 1],
  ['x-should-retry is true', aResponse(400, { headers: { 'x-should-retry': 'true' } }), 2],
  ['a 429 about the account, a spend limit, lasts', aResponse(429, { failure: 'auth_error' }), 1],
  ['network error', network, 2],
  ['an error that is not retryable', broken, 1],
  ['a mistake of ours', new TypeError('x'), 1],
];

for (const [name, first, attempts] of TABLE) {
  test(`retry: ${name}, so ${attempts} attempt(s)`, async () => {
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
    assert.equal(call.recorded.length, attempts - 1);
  });
}

test('retry: the back-off doubles with full jitter, and the last response tells the SDK not to retry', async () => {
  const { clock, call, stage } = setUp();
  const next = scripted(aResponse(500), aResponse(529), aResponse(503));
  const response = await stage(aRequest({ call }), next);
  assert.deepEqual(clock.slept, [50, 100]);
  assert.deepEqual(call.recorded, [
    ['retry', 'upstream_error'],
    ['retry', 'overloaded'],
    ['retryRefused', 'attempts'],
  ]);
  assert.equal(response.status, 503);
  assert.equal(response.headers['x-should-retry'], 'false');
});

test('retry: another key is tried at once whatever retry-after says, and costs neither budget nor attempts', async () => {
  const { budget, call, clock, stage } = setUp();
  while (budget.spend());
  const limited = aResponse(429, { headers: { 'retry-after': '9' }, retryWithAnotherKey: true });
  const refused = aResponse(401, { retryWithAnotherKey: true });
  const next = scripted(limited, refused, limited, refused, aResponse(200));
  assert.equal((await stage(aRequest({ call }), next)).status, 200);
  assert.deepEqual(clock.slept, []);
  assert.deepEqual(call.recorded, [
    ['retry', 'rate_limited'],
    ['retry', 'auth_error'],
    ['retry', 'rate_limited'],
    ['retry', 'auth_error'],
  ]);
});

test('retry: a retry-after of weeks is refused, with or without a deadline', async () => {
  const { clock, call, stage } = setUp();
  const weeks = aResponse(429, { headers: { 'retry-after': '4000000' } });
  assert.equal((await stage(aRequest({ call }), scripted(weeks))).status, 429);
  assert.deepEqual(clock.slept, []);
  assert.deepEqual(call.recorded, [['retryRefused', 'deadline']]);
});

test('retry: a stream earns budget only once it has ended well', async () => {
  for (const [outcome, left] of [
    ['success', 1],
    ['truncated', 0],
  ] as const) {
    const { budget, stage } = setUp(0.5);
    while (budget.spend());
    const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
    const response = aResponse(200, { outcome: ended });
    for (let i = 0; i < 2; i++) await stage(aRequest(), scripted(response));
    assert.equal(budget.left(), 0);
    resolve(outcome);
    await ended;
    assert.equal(budget.left(), left, outcome);
  }
});

test('retry: retry-after is obeyed and never undercut', async () => {
  const { clock, stage } = setUp();
  const limited = aResponse(429, { headers: { 'retry-after': '1' } });
  await stage(aRequest(), scripted(limited, aResponse()));
  assert.deepEqual(clock.slept, [1050]);
});

test('retry: a retry-after within the deadline is obeyed, one beyond it is refused and costs no budget', async () => {
  const { call, clock, budget, stage } = setUp();
  const limited = aResponse(429, { headers: { 'retry-after': '60' } });
  const patient = aRequest({ deadlineAtMs: clock.now() + 61_000 });
  assert.equal((await stage(patient, scripted(limited, aResponse()))).status, 200);
  assert.deepEqual(clock.slept, [60_050]);
  const before = budget.left();
  const hurried = aRequest({ call, deadlineAtMs: clock.now() + 59_000 });
  const response = await stage(hurried, scripted(limited));
  assert.equal(response.status, 429);
  assert.equal(response.headers['x-should-retry'], 'false');
  assert.deepEqual(call.recorded, [['retryRefused', 'deadline']]);
  assert.equal(clock.slept.length, 1);
  assert.equal(budget.left(), before, 'a retry that cannot be made costs nothing');
});

test('retry: a timeout is retried once only, as the upstream may still be at work', async () => {
  const timeout = new AppError('timeout', 'x', { retryable: true });
  const { call, stage } = setUp();
  const next = scripted(timeout, timeout, aResponse());
  await assert.rejects(stage(aRequest({ call }), next), timeout);
  assert.deepEqual(call.recorded, [
    ['retry', 'timeout'],
    ['retryRefused', 'attempts'],
  ]);
});

test('retry: an outage gets a hundred retries in all, so 10,000 failing calls make at most 1.1 attempts each', async () => {
  const { stage } = setUp();
  let attempts = 0;
  const failing = async () => {
    attempts += 1;
    return aResponse(529);
  };
  for (let i = 0; i < 10_000; i++) await stage(aRequest(), failing);
  assert.equal(attempts, 10_100);
});

test('retry: while one call in ten fails, no retry is refused', async () => {
  const { call, stage } = setUp();
  for (let i = 0; i < 1_000; i++) {
    const script = i % 11 === 0 ? [aResponse(500), aResponse()] : [aResponse()];
    await stage(aRequest({ call }), scripted(...script));
  }
  assert.deepEqual(
    call.recorded.filter((entry) => (entry as string[])[0] === 'retryRefused'),
    [],
  );
});

test('retry: a retry that succeeds costs nothing, one after a timeout costs two until then', async () => {
  const { budget, stage } = setUp(0);
  const timeout = new AppError('timeout', 'x', { retryable: true });
  await stage(aRequest(), scripted(aResponse(500), aResponse()));
  await stage(aRequest(), scripted(timeout, aResponse()));
  assert.equal(budget.left(), 100);
  await stage(aRequest(), scripted(aResponse(500), aResponse(400)));
  assert.equal(budget.left(), 99);
  await assert.rejects(stage(aRequest(), scripted(timeout, timeout)));
  assert.equal(budget.left(), 97);
});

test('retry: a call holds no slot during its back-off, and a retry that is not made costs nothing', async () => {
  const { budget, clock, stage } = setUp();
  const held: string[] = [];
  const lendSlot: LendSlot = async (_signal, wait) => {
    held.push('lent');
    await wait();
    held.push(`back after ${clock.slept.length}`);
  };
  await stage(aRequest({ lendSlot }), scripted(aResponse(500), aResponse()));
  assert.deepEqual(held, ['lent', 'back after 1']);
  const gone = new AppError('client_cancelled', 'gone');
  const leaving: LendSlot = () => Promise.reject(gone);
  const left = budget.left();
  await assert.rejects(stage(aRequest({ lendSlot: leaving }), scripted(aResponse(500))), gone);
  assert.equal(budget.left(), left);
});

test('retry: a cancelled call is not retried, and its back-off ends with the reason of the cancellation', async () => {
  const { deps, stage } = setUp();
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
  const patient = retry(OPTIONS, { ...deps, clock });
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
  [{ 'retry-after': '-1' }, undefined],
  [{ 'retry-after': '2026-01-01T00:00:03Z' }, undefined],
  [{ 'retry-after': 'Thu, 1' }, undefined],
  [{ 'retry-after': 'Sun, 99999' }, undefined],
  [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:03' }, undefined],
  [{ 'retry-after-ms': '-5' }, undefined],
  [{}, undefined],
];
for (const [headers, ms] of HEADERS) {
  test(`retryAfterMs: ${JSON.stringify(headers)} is ${ms} ms`, () => {
    assert.equal(
      retryAfterMs(headers, () => NOW),
      ms,
    );
  });
}

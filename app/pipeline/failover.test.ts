import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import {
  anUpstream,
  aRequest,
  aResponse,
  BREAKER,
  events,
  fakeClock,
  keyPoolOf,
  limitUseOf,
  recordingCall,
} from '../testing/fakes.ts';
import { type Upstream, UpstreamPool } from '../upstreams/upstream-pool.ts';
import { failover } from './failover.ts';
import type { PipelineResponse } from './stage.ts';

const network = new AppError('network_error', 'x', { retryable: true });
const timeout = new AppError('timeout', 'x', { retryable: true });

/** What each upstream returns or throws now; the tests change it. */
type Answers = Record<string, PipelineResponse | Error>;

function setUp(parts: readonly Partial<Upstream>[], random = () => 0) {
  const clock = fakeClock();
  const upstreams = new UpstreamPool(parts.map(anUpstream), BREAKER, { clock, random });
  const stage = failover(upstreams, limitUseOf);
  const call = recordingCall();
  const asked: string[] = [];
  const answers: Answers = {};
  const run = (request = aRequest({ call })) =>
    stage(request, async ({ upstream }) => {
      const name = upstream?.name ?? '?';
      asked.push(name);
      const answer = answers[name] ?? aResponse();
      if (answer instanceof Error) throw answer;
      return answer;
    });
  /** Makes `n` calls, one after the other. */
  const calls = async (n: number) => {
    for (let i = 0; i < n; i++) await run(aRequest({ call: recordingCall() })).catch(() => {});
  };
  const pass = (ms: number) => clock.sleep(ms, new AbortController().signal);
  return { answers, asked, call, calls, pass, run, upstreams };
}

const TWO = [{ name: 'a' }, { name: 'b', priority: 1 }];

test('failover: the lowest priority is asked first, the next one at once when it fails, and that is recorded', async () => {
  const { answers, asked, call, run } = setUp(TWO);
  await run(aRequest({ call: recordingCall() }));
  answers['a'] = network;
  assert.equal((await run()).status, 200);
  assert.deepEqual(asked, ['a', 'a', 'b']);
  assert.deepEqual(call.recorded, [['failedOver', 'b', 'network_error']]);
});

const ANSWERS: readonly [name: string, answer: PipelineResponse | Error, other: boolean][] = [
  ['a 500', aResponse(500), true],
  ['a 529', aResponse(529), true],
  ['a gateway’s 521', aResponse(521), true],
  ['a 429', aResponse(429), true],
  ['a timeout', timeout, true],
  ['a 400', aResponse(400), false],
  ['a 401, which says nothing about another upstream’s key', aResponse(401), true],
  ['a 400 about the account, too', aResponse(400, { failure: 'auth_error' }), true],
  ['a 403 about the caller', aResponse(403, { failure: 'invalid_request' }), false],
  ['a missing key', new AppError('no_key', 'x'), true],
  ['an unknown error', new TypeError('x'), false],
];
for (const [name, answer, other] of ANSWERS) {
  test(`failover: ${name} ${other ? 'fails over' : 'does not fail over'}`, async () => {
    const { answers, asked, run } = setUp(TWO);
    answers['a'] = answer;
    await run().catch(() => {});
    assert.deepEqual(asked, other ? ['a', 'b'] : ['a']);
  });
}

test('failover: when both fail the second response is returned, and a retry does not fail over again', async () => {
  const { answers, asked, call, run } = setUp(TWO);
  answers['a'] = aResponse(500);
  answers['b'] = aResponse(503);
  const request = aRequest({ call });
  assert.equal((await run(request)).status, 503);
  assert.equal((await run(request)).status, 500);
  assert.deepEqual(asked, ['a', 'b', 'a']);
});

test('failover: a timeout at two upstreams is not retryable', async () => {
  const { answers, run } = setUp(TWO);
  Object.assign(answers, { a: timeout, b: timeout });
  await assert.rejects(run(), { code: 'timeout', retryable: false });
});

test('failover: an open circuit gets no attempts, then probes, then a small share', async () => {
  const { answers, asked, calls, pass, upstreams } = setUp(TWO, () => 0.5);
  answers['a'] = network;
  await calls(10);
  assert.deepEqual(upstreams.states(), [
    { name: 'a', state: 'open' },
    { name: 'b', state: 'closed' },
  ]);
  asked.length = 0;
  await calls(5);
  assert.deepEqual(asked, ['b', 'b', 'b', 'b', 'b']);
  await pass(1_000);
  delete answers['a'];
  asked.length = 0;
  // While half-open its share is 1; it starts low once the circuit has closed.
  await calls(3);
  assert.deepEqual(asked, ['a', 'a', 'b'], 'two probes, then a tenth of the calls');
  await pass(60_000);
  asked.length = 0;
  await calls(2);
  assert.deepEqual(asked, ['a', 'a']);
});

test('failover: when all circuits are open a call fails at once and says when to retry', async () => {
  const { answers, asked, calls, run } = setUp([{ name: 'a' }]);
  answers['a'] = network;
  await calls(10);
  asked.length = 0;
  await assert.rejects(run(), { code: 'no_upstream', status: 503, retryAfterMs: 1_000 });
  assert.deepEqual(asked, []);
});

test('failover: an upstream without a healthy key is passed over', async () => {
  const { asked, calls } = setUp([
    { name: 'a', keys: keyPoolOf() },
    { name: 'b', priority: 1 },
  ]);
  await calls(5);
  assert.deepEqual(asked, ['b', 'b', 'b', 'b', 'b']);
});

test('failover: rejections and rate limits leave the circuit closed', async () => {
  const { answers, calls, upstreams } = setUp([{ name: 'a' }]);
  for (const status of [429, 401, 400]) {
    answers['a'] = aResponse(status);
    await calls(30);
    assert.equal(upstreams.states()[0]?.state, 'closed', String(status));
  }
});

test('failover: failures that may not be retried still open the circuit', async () => {
  const broken = new AppError('bad_upstream_response', 'x');
  const final = aResponse(529, { headers: { 'x-should-retry': 'false' } });
  for (const answer of [broken, final]) {
    const { answers, calls, upstreams } = setUp(TWO);
    answers['a'] = answer;
    await calls(10);
    assert.equal(upstreams.states()[0]?.state, 'open');
  }
});

test('failover: a slow reader whose deadline passes leaves the circuit closed', async () => {
  const { answers, run, upstreams } = setUp(TWO);
  const { response, ended, resolve } = aStream();
  answers['a'] = response;
  const signal = AbortSignal.abort(new AppError('timeout', 'the deadline'));
  for (let i = 0; i < 30; i++) await run(aRequest({ signal, call: recordingCall() }));
  resolve('timeout');
  await ended;
  assert.equal(upstreams.states()[0]?.state, 'closed');
});

test('failover: a caller who leaves neither fails over nor counts for the circuit', async () => {
  const { answers, asked, run, upstreams } = setUp(TWO);
  answers['a'] = network;
  const signal = AbortSignal.abort(new AppError('client_cancelled', 'gone'));
  for (let i = 0; i < 30; i++) {
    await run(aRequest({ signal, call: recordingCall() })).catch(() => {});
  }
  assert(asked.every((name) => name === 'a'));
  assert.equal(upstreams.states()[0]?.state, 'closed');
});

/** A stream that ends when the test says so. */
function aStream() {
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  return { response: aResponse(200, { data: events(), outcome: ended }), ended, resolve };
}

test('failover: streams that break after their content open the circuit, cancelled ones do not', async () => {
  for (const [outcome, state] of [
    ['truncated', 'open'],
    ['overloaded', 'open'],
    ['client_cancelled', 'closed'],
    ['success', 'closed'],
  ] as const) {
    const { answers, calls, upstreams } = setUp(TWO);
    const { response, ended, resolve } = aStream();
    answers['a'] = response;
    await calls(10);
    assert.equal(upstreams.states()[0]?.state, 'closed', 'nothing has ended yet');
    resolve(outcome);
    await ended;
    assert.equal(upstreams.states()[0]?.state, state, outcome);
  }
});

test('failover: a stream that has begun closes a half-open circuit, however long it lasts', async () => {
  const { answers, calls, pass, upstreams } = setUp([{ name: 'a' }]);
  answers['a'] = network;
  await calls(10);
  await pass(1_000);
  answers['a'] = aStream().response;
  await calls(BREAKER.probes);
  assert.equal(upstreams.states()[0]?.state, 'closed');
});

test('failover: weights share the calls of one priority', async () => {
  let drawn = 0;
  const { asked, calls } = setUp(
    [{ name: 'a', weight: 3 }, { name: 'b' }],
    () => (drawn++ % 100) / 100,
  );
  await calls(100);
  assert.equal(asked.filter((name) => name === 'a').length, 75);
});

test('failover: an upstream’s headers and model name go with its attempts, the body otherwise untouched', async () => {
  const upstreams = new UpstreamPool(
    [anUpstream({ headers: { 'x-org': 'o' }, models: { m: 'vendor/m' } })],
    BREAKER,
    { clock: fakeClock(), random: () => 0 },
  );
  const stage = failover(upstreams, limitUseOf);
  const sent: (string | undefined)[] = [];
  const ask = (model: string, body: string) =>
    stage(aRequest({ model, body }), async (request) => {
      assert.equal(request.headers['x-org'], 'o');
      sent.push(request.body);
      return aResponse();
    });
  await ask('other', '{ "model": "other" }');
  await ask('constructor', '{}');
  await ask('m', '{"model":"m","n":1,"__proto__":{"x":1}}');
  assert.deepEqual(sent, [
    '{ "model": "other" }',
    '{}',
    '{"model":"vendor/m","n":1,"__proto__":{"x":1}}',
  ]);
});

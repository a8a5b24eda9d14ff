import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors.ts';
import type { Outcome } from '../telemetry/recorder.ts';
import {
  anUpstream,
  aRequest,
  aResponse,
  BREAKER,
  bytes,
  fakeClock,
  recordingCall,
  ringOf,
} from '../testing/fakes.ts';
import { createUpstreams, type Upstream } from '../upstreams/upstream-pool.ts';
import { failover } from './failover.ts';
import type { PipelineResponse } from './stage.ts';

const network = new AppError('network_error', 'x', { retryable: true });
const timeout = new AppError('timeout', 'x', { retryable: true });

/** What each upstream answers now; changed by the tests. */
type Answers = Record<string, PipelineResponse | Error>;

function setUp(parts: readonly Partial<Upstream>[], random = () => 0) {
  const clock = fakeClock();
  const upstreams = createUpstreams(parts.map(anUpstream), BREAKER, { clock, random });
  const stage = failover(upstreams);
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
  /** Another call each time. */
  const calls = async (n: number) => {
    for (let i = 0; i < n; i++) await run(aRequest({ call: recordingCall() })).catch(() => {});
  };
  const pass = (ms: number) => clock.sleep(ms, new AbortController().signal);
  return { answers, asked, call, calls, pass, run, upstreams };
}

const TWO = [{ name: 'a' }, { name: 'b', priority: 1 }];

test('the lowest priority is asked, the other only when it fails: at once, told, once', async () => {
  const { answers, asked, call, run } = setUp(TWO);
  await run(aRequest({ call: recordingCall() }));
  answers['a'] = network;
  assert.equal((await run()).status, 200);
  assert.deepEqual(asked, ['a', 'a', 'b']);
  assert.deepEqual(call.told, [['failover', 'b', 'network_error']]);
});

const ANSWERS: readonly [name: string, answer: PipelineResponse | Error, other: boolean][] = [
  ['500', aResponse(500), true],
  ['529', aResponse(529), true],
  ['521, a gateway’s', aResponse(521), true],
  ['429', aResponse(429), true],
  ['a timeout', timeout, true],
  ['400', aResponse(400), false],
  ['401: its key says nothing of the other’s', aResponse(401), true],
  ['no key', new AppError('no_key', 'x'), true],
  ['a mistake of ours', new TypeError('x'), false],
];
for (const [name, answer, other] of ANSWERS) {
  test(`${name}: ${other ? 'the other is asked' : 'another would answer the same'}`, async () => {
    const { answers, asked, run } = setUp(TWO);
    answers['a'] = answer;
    await run().catch(() => {});
    assert.deepEqual(asked, other ? ['a', 'b'] : ['a']);
  });
}

test('when both fail the second answer is the call’s, and a retry asks no third time for free', async () => {
  const { answers, asked, call, run } = setUp(TWO);
  answers['a'] = aResponse(500);
  answers['b'] = aResponse(503);
  const request = aRequest({ call });
  assert.equal((await run(request)).status, 503);
  assert.equal((await run(request)).status, 500);
  assert.deepEqual(asked, ['a', 'b', 'a']);
});

test('two timeouts are paid for twice: not retryable any more', async () => {
  const { answers, run } = setUp(TWO);
  Object.assign(answers, { a: timeout, b: timeout });
  await assert.rejects(run(), { code: 'timeout', retryable: false });
});

test('an open circuit is not asked; tried after a while, and back with a small share', async () => {
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
  // Half-open, its share is 1 as long as nothing has closed it.
  await calls(3);
  assert.deepEqual(asked, ['a', 'a', 'b'], 'two probes, then a tenth of the calls');
  await pass(60_000);
  asked.length = 0;
  await calls(2);
  assert.deepEqual(asked, ['a', 'a']);
});

test('when all circuits are open it fails at once, and says when to come again', async () => {
  const { answers, asked, calls, run } = setUp([{ name: 'a' }]);
  answers['a'] = network;
  await calls(10);
  asked.length = 0;
  await assert.rejects(run(), { code: 'no_upstream', status: 503, retryAfterMs: 1_000 });
  assert.deepEqual(asked, []);
});

test('an upstream without a key that is well is passed over', async () => {
  const { asked, calls } = setUp([
    { name: 'a', keys: ringOf() },
    { name: 'b', priority: 1 },
  ]);
  await calls(5);
  assert.deepEqual(asked, ['b', 'b', 'b', 'b', 'b']);
});

test('a limit speaks against the account: the circuit stays closed', async () => {
  const { answers, calls, upstreams } = setUp([{ name: 'a' }]);
  for (const status of [429, 401, 400]) {
    answers['a'] = aResponse(status);
    await calls(30);
    assert.equal(upstreams.states()[0]?.state, 'closed', String(status));
  }
});

test('what may not be retried can still speak against the upstream', async () => {
  const broken = new AppError('bad_upstream_answer', 'x');
  const final = aResponse(529, { headers: { 'x-should-retry': 'false' } });
  for (const answer of [broken, final]) {
    const { answers, calls, upstreams } = setUp(TWO);
    answers['a'] = answer;
    await calls(10);
    assert.equal(upstreams.states()[0]?.state, 'open');
  }
});

test('a slow reader whose time is up says nothing of the upstream', async () => {
  const { answers, run, upstreams } = setUp(TWO);
  const { response, ended, resolve } = aStream();
  answers['a'] = response;
  const signal = AbortSignal.abort(new AppError('timeout', 'the deadline'));
  for (let i = 0; i < 30; i++) await run(aRequest({ signal, call: recordingCall() }));
  resolve('timeout');
  await ended;
  assert.equal(upstreams.states()[0]?.state, 'closed');
});

test('a caller who left says nothing of the upstream, and goes nowhere else', async () => {
  const { answers, asked, run, upstreams } = setUp(TWO);
  answers['a'] = network;
  const signal = AbortSignal.abort(new AppError('client_cancelled', 'gone'));
  for (let i = 0; i < 30; i++) {
    await run(aRequest({ signal, call: recordingCall() })).catch(() => {});
  }
  assert(asked.every((name) => name === 'a'));
  assert.equal(upstreams.states()[0]?.state, 'closed');
});

/** A stream whose end the test decides. */
function aStream() {
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  return { response: aResponse(200, { data: bytes(), ended }), ended, resolve };
}

test('streams that break after their content open the circuit; cancelled ones do not', async () => {
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

test('a stream that has begun closes a circuit, however long it lasts', async () => {
  const { answers, calls, pass, upstreams } = setUp([{ name: 'a' }]);
  answers['a'] = network;
  await calls(10);
  await pass(1_000);
  answers['a'] = aStream().response;
  await calls(BREAKER.probes);
  assert.equal(upstreams.states()[0]?.state, 'closed');
});

test('weights share the calls of one priority', async () => {
  let dice = 0;
  const { asked, calls } = setUp(
    [{ name: 'a', weight: 3 }, { name: 'b' }],
    () => (dice++ % 100) / 100,
  );
  await calls(100);
  assert.equal(asked.filter((name) => name === 'a').length, 75);
});

test('an upstream’s headers and model name go with its attempts, the body otherwise untouched', async () => {
  const upstreams = createUpstreams(
    [anUpstream({ headers: { 'x-org': 'o' }, models: { m: 'vendor/m' } })],
    BREAKER,
    { clock: fakeClock(), random: () => 0 },
  );
  const stage = failover(upstreams);
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

/**
 * The k6 script's own logic, with stand-ins for k6's modules in Node, where k6's engine is missing. engine.test.ts has
 * the rest; neither is a k6 run (docs/unproven.md).
 */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { beforeEach, test } from 'node:test';
import { GUARD_TRIES } from '../scenarios/guard.ts';

interface Response {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly error_code: number;
  readonly timings: { readonly duration: number };
}

type Params = { headers: Record<string, string>; redirects: number; timeout: number; tags: object };

/** State that the stand-ins share with the tests. */
const k6 = {
  scenario: { name: 'smoke', startTime: 0, iterationInTest: 0 },
  answer: (_id: string): Response => assert.fail('no answer set'),
  sent: [] as { method: string; url: string; params: Params }[],
  samples: [] as [string, number, Record<string, string> | undefined][],
};

const MODULES: Record<string, string> = {
  k6: 'export const sleep = () => {}',
  'k6/crypto': 'export const randomBytes = (n) => crypto.getRandomValues(new Uint8Array(n)).buffer',
  'k6/execution': `export default { get scenario() { return k6.scenario },
    test: { abort(why) { throw new Error('aborted: ' + why) } } }`,
  'k6/http': `export default { request(method, url, body, params) {
    k6.sent.push({ method, url, params });
    return k6.answer(params.headers['x-correlation-id']) } }`,
  'k6/metrics': `class Metric { constructor(name) { this.name = name }
      add(value, tags) { k6.samples.push([this.name, value, tags]) } }
    export { Metric as Counter, Metric as Rate, Metric as Trend }`,
};

Object.assign(globalThis, { k6, __ENV: { RESULT: 'results/run' } });
const hooks = registerHooks({
  resolve(specifier, context, next) {
    const source = MODULES[specifier];
    if (source === undefined) return next(specifier, context);
    return { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true };
  },
});
const script = await import('./main.ts');
hooks.deregister();

const MESSAGE = JSON.stringify({
  type: 'message',
  role: 'assistant',
  content: [],
  stop_reason: 'end_turn',
  usage: { input_tokens: 9, output_tokens: 3 },
});

const good = (id: string): Response => ({
  status: 200,
  // Go, and so k6, spells header names like this.
  headers: { 'X-Correlation-Id': id, 'Server-Timing': 'upstream;dur=20, overhead;dur=1.5' },
  body: MESSAGE,
  error_code: 0,
  timings: { duration: 21.5 },
});

beforeEach(() => {
  k6.scenario = { name: 'smoke', startTime: Date.now(), iterationInTest: 0 };
  k6.answer = good;
  k6.sent = [];
  k6.samples = [];
});

function samplesOf(answer: (id: string) => Response, iterationInTest = 0): object {
  k6.samples = [];
  k6.answer = answer;
  k6.scenario = { ...k6.scenario, iterationInTest };
  script.makeCall();
  const times = ['claude_driver_lag_ms'];
  const samples = k6.samples.filter(([name]) => !times.includes(name));
  return Object.fromEntries(samples.map(([name, value]) => [name, value]));
}

test('k6 script: phases become arrival rates, and series with tags have thresholds', () => {
  const { scenarios = {}, thresholds = {} } = script.options;
  assert.deepEqual(Object.keys(scenarios), ['warm_up', 'smoke']);
  const { smoke } = scenarios;
  assert.equal(smoke?.executor, 'constant-arrival-rate');
  assert.deepEqual([smoke.rate, smoke.duration, smoke.startTime], [50, '20s', '3s']);
  assert.equal(typeof script[smoke.exec as 'makeCall'], 'function');
  assert.deepEqual(thresholds['claude_call_duration_ms{scenario:smoke}'], ['p(99)<500']);
  assert.deepEqual(thresholds['dropped_iterations{scenario:smoke}'], ['count<=0']);
  assert.deepEqual(thresholds['dropped_iterations'], ['count>=0']);
});

test('k6 script: a good call counts in every metric, tagged with its kind', () => {
  assert.deepEqual(samplesOf(good), {
    claude_calls: 1,
    claude_call_success: 1,
    claude_call_answered: 1,
    claude_call_correlated: 1,
    claude_call_duration_ms: 21.5,
    claude_call_overhead_reported: 1,
    claude_call_overhead_ms: 1.5,
  });
  assert(k6.samples.every(([, , tags]) => tags?.['call_type'] === 'complete'));
});

test('k6 script: the lag of a call is counted from when it was due', () => {
  k6.scenario.startTime = Date.now() - 5_000;
  k6.scenario.iterationInTest = 200;
  script.makeCall();
  const [, lagMs] = k6.samples.find(([name]) => name === 'claude_driver_lag_ms') ?? [];
  assert(lagMs !== undefined && lagMs >= 1_000 && lagMs < 4_000, String(lagMs));
});

test('k6 script: time-outs, lost connections and errors of the upstream are told apart', () => {
  const failed = { claude_calls: 1, claude_call_success: 0, claude_call_answered: 0 };
  const nothing = { status: 0, headers: {}, body: null };
  for (const error_code of [1050, 1000, 1212]) {
    const answer = (id: string) => ({ ...good(id), ...nothing, error_code });
    assert.deepEqual(samplesOf(answer), failed);
  }
  const body = '{"type":"error","error":{"type":"overloaded_error","message":""}}';
  const overloaded = (id: string) => ({ ...good(id), status: 529, error_code: 1529, body });
  assert.deepEqual(samplesOf(overloaded), {
    ...failed,
    claude_call_answered: 1,
    claude_call_correlated: 1,
  });
});

test('k6 script: a call whose request throws has failed and is counted', () => {
  const thrown = () => {
    throw new TypeError('not a URL');
  };
  assert.deepEqual(samplesOf(thrown), {
    claude_calls: 1,
    claude_call_success: 0,
    claude_call_answered: 0,
  });
});

test('k6 script: iterations beyond the number of calls make no call', () => {
  assert.deepEqual(samplesOf(good, 1_000), {});
  assert.equal(k6.sent.length, 0);
});

test('k6 script: calls of the warm-up are made and not counted', () => {
  k6.scenario.name = 'warm_up';
  script.makeCall();
  assert.equal(k6.sent.length, 1);
  assert.deepEqual(k6.samples, []);
});

test('k6 script: no redirect is followed, and addresses of batches make no series', async () => {
  const { send } = await import('./http.ts');
  send({ method: 'GET', path: '/v1/messages/batches/msgbatch_1/results', headers: {} }, 'http://a');
  const [{ params } = assert.fail('nothing sent')] = k6.sent;
  assert.equal(params.redirects, 0);
  assert.deepEqual(params.tags, { name: '/v1/messages/batches/:id/results' });
});

test('k6 script: connections that are refused or reset are told apart from other errors of the network', async () => {
  const { send } = await import('./http.ts');
  const reasons = [1212, 1220, 1201, 1000, 1101].map((error_code) => {
    k6.answer = (id) => ({ ...good(id), status: 0, error_code });
    return send({ method: 'GET', path: '/v1/models', headers: {} }, 'http://a').broken;
  });
  assert.deepEqual(reasons, [
    ...['connection_refused', 'connection_reset', 'connection_reset'],
    ...['network_error', 'network_error'],
  ]);
});

test('k6 script: a caller who hangs up has a limit of their own, and k6 says time-out', async () => {
  const { send } = await import('./http.ts');
  k6.answer = (id) => ({ ...good(id), status: 0, error_code: 1050 });
  const request = { method: 'POST', path: '/v1/messages', headers: {}, body: '{}' } as const;
  assert.equal(send({ ...request, hangUpAfterMs: 5 }, 'http://a').broken, 'hung_up');
  assert.equal(send(request, 'http://a').broken, 'timeout');
  assert.deepEqual(
    k6.sent.map(({ params }) => params.timeout),
    [5, 30_000],
  );
});

test('k6 script: setup asks again while the upstream is unknown, and refuses what is not the simulator', () => {
  const models = (status: number, mark: string) => {
    k6.sent = [];
    k6.answer = (id) => ({ ...good(id), status, headers: { 'X-Simulator': mark } });
  };
  models(200, 'no');
  assert.throws(() => script.setup(), /aborted: refused: the upstream is not the simulator/);
  assert.equal(k6.sent.length, 1);
  models(502, '');
  assert.throws(() => script.setup(), /aborted: refused/);
  assert.equal(k6.sent.length, GUARD_TRIES);
  models(529, 'claude-observatory');
  script.setup();
  assert.equal(k6.sent[0]?.url, 'http://127.0.0.1:8080/v1/models');
});

test('k6 script: the summary is printed, and written where RESULT says', () => {
  const values = { count: 1000, rate: 50 };
  const files = script.handleSummary({
    metrics: { 'claude_calls{scenario:smoke}': { values } },
    state: { testRunDurationMs: 23_000 },
  });
  assert.deepEqual(Object.keys(files), ['stdout', 'results/run.json']);
  const summary = JSON.parse(files['results/run.json'] ?? '');
  assert.deepEqual([summary.driver, summary.seconds, summary.verdict], ['k6', 23, 'missed']);
  assert.equal(summary.phases[0].calls, 1000);
  assert.match(files['stdout'] ?? '', /verdict: MISSED/);
});

/**
 * The smoke script's own logic, with stand-ins for k6's modules. It proves that the script loads
 * and judges its answers correctly; it is not a k6 run and proves nothing about k6 itself
 * (docs/unproven.md).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { GUARD_TRIES } from '../scenarios/guard.ts';

interface K6Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly error_code: number;
  readonly timings: { readonly duration: number };
}

/** State that the stand-ins share with the tests. */
const k6 = {
  iteration: 0,
  probes: 0,
  models: (_probe: number): { status: number; headers: Record<string, string> } =>
    assert.fail('no models set'),
  answer: (_id: string): K6Answer => assert.fail('no answer set'),
  posts: [] as { url: string; headers: Record<string, string>; redirects: number }[],
  samples: [] as [string, number | boolean, Record<string, string> | undefined][],
};

const ABORTED = /aborted: refused/;
const MODULES: Record<string, string> = {
  'k6/crypto': 'export const randomBytes = (n) => crypto.getRandomValues(new Uint8Array(n)).buffer',
  'k6/execution': `export default {
    scenario: { get iterationInTest() { return k6.iteration } },
    test: { abort(why) { throw new Error('aborted: ' + why) } } }`,
  'k6/http': `export default { get: () => k6.models(++k6.probes), post(url, body, params) {
    k6.posts.push({ url, ...params });
    return k6.answer(params.headers['x-correlation-id']) } }`,
  'k6/metrics': `class Metric { constructor(name) { this.name = name }
      add(value, tags) { k6.samples.push([this.name, value, tags]) } }
    export { Metric as Counter, Metric as Rate, Metric as Trend }`,
};

Object.assign(globalThis, { k6, __ENV: { CALLS: '1000' } });
const hooks = registerHooks({
  resolve(specifier, context, next) {
    const source = MODULES[specifier];
    if (source === undefined) return next(specifier, context);
    return { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true };
  },
});
const smoke = await import('./main.ts');
hooks.deregister();

const MESSAGE = JSON.stringify({
  type: 'message',
  role: 'assistant',
  content: [],
  stop_reason: 'end_turn',
  usage: { input_tokens: 9, output_tokens: 3 },
});

const good = (id: string): K6Answer => ({
  status: 200,
  // Go, and so k6, spells header names like this.
  headers: { 'X-Correlation-Id': id, 'Server-Timing': 'upstream;dur=20, overhead;dur=1.5' },
  body: MESSAGE,
  error_code: 0,
  timings: { duration: 21.5 },
});

function samplesOf(call: () => void, answer: (id: string) => K6Answer): Record<string, unknown> {
  k6.samples = [];
  k6.answer = answer;
  call();
  return Object.fromEntries(k6.samples.map(([name, value]) => [name, value]));
}

test('smoke options: two arrival-rate scenarios are long enough for 1,000 calls each', () => {
  for (const type of ['complete', 'streaming'] as const) {
    const scenario = smoke.options.scenarios?.[type];
    assert.equal(scenario?.executor, 'constant-arrival-rate');
    assert.equal(typeof smoke[scenario?.exec as 'complete' | 'streaming'], 'function');
    assert.ok(scenario.rate * Number.parseInt(scenario.duration, 10) > 1000);
  }
  assert.deepEqual(smoke.options.thresholds?.['dropped_iterations'], ['count==0']);
});

test('smoke: a good complete call counts in every metric', () => {
  assert.deepEqual(samplesOf(smoke.complete, good), {
    claude_calls: 1,
    claude_call_success: true,
    claude_call_correlated: true,
    claude_call_duration_ms: 21.5,
    claude_call_overhead_reported: true,
    claude_call_overhead_ms: 1.5,
  });
  assert.deepEqual(k6.samples[0], ['claude_calls', 1, { call_type: 'complete' }]);
});

test('smoke: a stream without its end, a timeout and a 529 are failures', () => {
  const failed = { claude_calls: 1, claude_call_success: false };
  assert.deepEqual(samplesOf(smoke.streaming, good), { ...failed, claude_call_correlated: true });
  const nothing = { status: 0, headers: {}, body: null, error_code: 1050 };
  assert.deepEqual(
    samplesOf(smoke.complete, (id) => ({ ...good(id), ...nothing })),
    failed,
  );
  assert.deepEqual(
    samplesOf(smoke.complete, (id) => ({ ...good(id), status: 529, error_code: 1529 })),
    { ...failed, claude_call_correlated: true },
  );
});

test('smoke: iterations beyond the number of calls make no call', (t) => {
  t.after(() => {
    k6.iteration = 0;
  });
  k6.iteration = 1000;
  assert.deepEqual(samplesOf(smoke.complete, good), {});
});

test('smoke: no redirect is followed', () => {
  assert.ok(k6.posts.length > 0);
  assert.ok(k6.posts.every((post) => post.redirects === 0));
});

test('smoke setup: aborts on an upstream that is not the simulator or stays unknown', () => {
  const answers = (status: number, mark: string) => {
    k6.probes = 0;
    k6.models = () => ({ status, headers: { 'X-Simulator': mark } });
  };
  answers(200, 'no');
  assert.throws(() => smoke.setup(), ABORTED);
  assert.equal(k6.probes, 1);
  answers(502, '');
  assert.throws(() => smoke.setup(), ABORTED);
  assert.equal(k6.probes, GUARD_TRIES);
  k6.probes = 0;
  k6.models = (probe) => ({
    status: probe < 3 ? 502 : 529,
    headers: probe < 3 ? {} : { 'X-Simulator': 'claude-observatory' },
  });
  smoke.setup();
  assert.equal(k6.probes, 3);
});

/** @returns the source of a file and of all that it imports, by URL; k6's own modules excluded */
function sourcesFrom(url: URL, sources = new Map<string, string>()): Map<string, string> {
  if (sources.has(url.href)) return sources;
  const source = readFileSync(url, 'utf8');
  sources.set(url.href, source);
  for (const [, specifier = ''] of source.matchAll(/^(?:import|\}) [^;]*?'([^']+)';$/gm)) {
    if (!specifier.startsWith('k6/')) sourcesFrom(new URL(specifier, url), sources);
  }
  return sources;
}

test('smoke: neither the script nor its imports need what k6 lacks', () => {
  const sources = sourcesFrom(new URL('main.ts', import.meta.url));
  assert.ok(sources.size > 5);
  const lacking = /new URL\b|TextDecoder|TextEncoder|structuredClone|performance\.|setTimeout/;
  for (const [url, source] of sources) assert.doesNotMatch(source, lacking, url);
});

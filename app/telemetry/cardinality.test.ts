import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { OUTCOMES, REFUSAL_OUTCOMES } from '../outcome.ts';
import { ask, bodyOf, serviceWithSimulator } from '../testing/observed-service.ts';
import { cardinalityViews, maxSeries, seriesLimit } from './cardinality.ts';
import { METRICS } from './metric-catalogue.ts';
import { KEY_STATES, TOKEN_TYPES } from './vocabulary.ts';

const names = (n: number, prefix: string) => Array.from({ length: n }, (_, i) => `${prefix}-${i}`);
const CALLERS = names(200, 'caller');
const MODELS = names(100, 'model');
const KEYS = names(16, 'key');

test('maxSeries: every combination of label values, fixed and configured, counts once', () => {
  const values = { models: ['a', 'b'], upstreams: ['x'], callers: ['c', 'd', 'e'] };
  assert.equal(maxSeries(METRICS.unauthenticated, values), 1);
  assert.equal(maxSeries(METRICS.callerCalls, values), (3 + 1) * OUTCOMES.length);
  assert.equal(maxSeries(METRICS.tokens, values), 3 * TOKEN_TYPES.length);
});

test('seriesLimit: an instrument keeps every combination of its label values, and one for what is beyond', () => {
  const small = { models: ['a'], upstreams: ['x'], callers: ['c'] };
  assert.equal(seriesLimit(METRICS.callerCalls, small), 2_000);
  const many = { ...small, callers: CALLERS };
  assert.equal(seriesLimit(METRICS.callerCalls, many), 201 * OUTCOMES.length + 1);
});

test('cardinalityViews: only a gauge that exceeds the SDK’s own limit needs a view', () => {
  const small = { models: ['a'], upstreams: ['x'], callers: ['c'] };
  assert.deepEqual(cardinalityViews(small), []);
  const upstreams = names(20, 'upstream');
  const views = cardinalityViews({ ...small, upstreams, callers: CALLERS });
  assert.deepEqual(views, [
    {
      meterName: 'claude-observatory',
      instrumentName: METRICS.keySourceUp.name,
      aggregationCardinalityLimit:
        maxSeries(METRICS.keySourceUp, { ...small, upstreams, callers: CALLERS }) + 1,
    },
  ]);
});

test('/metrics: with 200 callers, 16 keys and 100 models every series of theirs exists, and none overflows', async (t) => {
  const tokenOf = (name: string) => `token-of-${name}`;
  const callers = CALLERS.map((name) => ({
    name,
    token_sha256: createHash('sha256').update(tokenOf(name)).digest('hex'),
  }));
  const { service } = await serviceWithSimulator(t, {
    CALLERS: JSON.stringify(callers),
    CLAUDE_MODELS: [...MODELS, 'claude-sonnet-5-5'].join(','),
    CLAUDE_API_KEY: JSON.stringify(Object.fromEntries(KEYS.map((k) => [k, `sim-${k}-for-tests`]))),
  });
  const scrape = async () => (await fetch(service.metricsUrl)).text();
  const before = await scrape();
  const seriesOf = (text: string, name: string, label: string) =>
    text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label)).length;

  for (const caller of CALLERS) {
    const label = `caller="${caller}"`;
    assert.equal(seriesOf(before, 'claude_api_caller_calls_total', label), OUTCOMES.length, caller);
  }
  for (const model of [...MODELS, 'claude-sonnet-5-5', 'other']) {
    const label = `model="${model}"`;
    assert.equal(seriesOf(before, 'claude_api_requests_total', label), 2 * OUTCOMES.length, model);
    assert.equal(seriesOf(before, 'claude_api_tokens_total', label), TOKEN_TYPES.length, model);
  }
  const unknown = seriesOf(before, 'claude_api_requests_total', 'model="unknown"');
  assert.equal(unknown, REFUSAL_OUTCOMES.length);
  for (const key of KEYS) {
    const states = seriesOf(before, 'claude_api_key_state', `key="${key}"`);
    assert.equal(states, KEY_STATES.length, key);
  }
  // Series that appear only with a call: the last of the callers and models has its own.
  const last = { authorization: `Bearer ${tokenOf('caller-199')}` };
  await (await ask(service.url, last, bodyOf({}).replace('claude-sonnet-5-5', 'model-99'))).text();
  const after = await scrape();
  assert.match(after, /^claude_api_requests_total\{[^}]*model="model-99"[^}]*\} [1-9]/m);
  assert(!after.includes('otel_metric_overflow'), 'a series has overflowed');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Counted, RateLimits } from './rate-limits.ts';
import { DEFAULT_KEY, startSimulator } from './server.ts';

const ASK: Counted = {
  key: 'k',
  path: '/v1/messages',
  model: 'claude-opus-4-8',
  speed: 'standard',
  inputTokens: 10,
  maxTokens: 64,
};
const NOW_MS = Date.parse('2026-11-25T12:00:30Z');

function leftOf(limits: RateLimits, part: Partial<Counted>, nowMs = NOW_MS) {
  const headers = limits.count({ ...ASK, ...part }, nowMs);
  const remaining = [...headers].filter(([name]) => name.endsWith('-remaining'));
  return Object.fromEntries(
    remaining.map(([name, value]) => [name.replace(/^anthropic-|-remaining$/g, ''), Number(value)]),
  );
}

test('simulated limits: models of one family share them, other families, keys and minutes do not', () => {
  const limits = new RateLimits();
  const left = (part: Partial<Counted>, nowMs?: number) =>
    1_000_000 - (leftOf(limits, part, nowMs)['ratelimit-requests'] ?? Number.NaN);
  assert.equal(left({}), 1);
  assert.equal(left({ model: 'claude-opus-4-7-20260101' }), 2);
  assert.equal(left({ model: 'claude-opus-5' }), 1);
  assert.equal(left({ model: 'claude-opus-5-5' }), 1);
  assert.equal(left({ model: 'claude-haiku-4-5' }), 1);
  assert.equal(left({ model: 'one-invention' }), 1);
  assert.equal(left({ model: 'another' }), 2);
  assert.equal(left({ key: 'other' }), 1);
  assert.equal(left({}, NOW_MS + 60_000), 1);
});

test('simulated limits: tokens are counted, in fast mode apart, and routes have requests alone', () => {
  const limits = new RateLimits();
  const [input, output] = [1_000_000_000 - 10, 1_000_000_000 - 64];
  const standard = {
    'ratelimit-requests': 999_999,
    'ratelimit-tokens': 2_000_000_000 - 74,
    'ratelimit-input-tokens': input,
    'ratelimit-output-tokens': output,
  };
  const fast = { 'fast-input-tokens': input, 'fast-output-tokens': output };
  assert.deepEqual(leftOf(limits, {}), standard);
  assert.deepEqual(leftOf(limits, { speed: 'fast' }), { ...standard, ...fast });
  assert.deepEqual(leftOf(limits, { path: '/v1/messages/count_tokens', speed: 'fast' }), {
    'ratelimit-requests': 999_999,
  });
  assert.deepEqual(leftOf(limits, { path: '/v1/messages/batches' }), {
    'ratelimit-requests': 999_999,
  });
  assert.deepEqual(leftOf(limits, { path: '/v1/models/claude-opus-4-8' }), {});
});

test('fault rate_limited: uses up one limit of the model, speed or path that it names, and no other', async (t) => {
  const simulator = await startSimulator();
  t.after(() => simulator.close());
  const ask = async (part: object, path = '/v1/messages') => {
    const { status, headers } = await fetch(simulator.url + path, {
      method: 'POST',
      headers: { 'x-api-key': DEFAULT_KEY, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({
        model: 'claude-opus-5-5',
        max_tokens: 1,
        messages: [{ role: 'user', content: 'Hello' }],
        ...part,
      }),
    });
    const usedUp = [...headers].find(
      ([name, value]) => name.endsWith('-remaining') && value === '0',
    );
    return [status, usedUp?.[0].replace(/^anthropic-|-remaining$/g, '')];
  };
  const fine = [200, undefined];
  simulator.setFaults([{ kind: 'rate_limited', model: 'claude-opus-5-5' }]);
  assert.deepEqual(await ask({}), [429, 'ratelimit-output-tokens']);
  assert.deepEqual(await ask({ stream: true }), [429, 'ratelimit-output-tokens']);
  assert.deepEqual(await ask({ model: 'claude-haiku-5-5' }), fine);
  simulator.setFaults([{ kind: 'rate_limited', speed: 'fast' }]);
  assert.deepEqual(await ask({ speed: 'fast' }), [429, 'fast-output-tokens']);
  assert.deepEqual(await ask({}), fine);
  const path = '/v1/messages/count_tokens';
  simulator.setFaults([{ kind: 'rate_limited', path }]);
  assert.deepEqual(await ask({}, path), [429, 'ratelimit-requests']);
  assert.deepEqual(await ask({}), fine);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Usage } from '../anthropic/usage.ts';
import { aCharge, aReport } from '../testing/charges.ts';
import { measuredInstruments } from '../testing/metrics.ts';
import { recordedCalls, TOTALS } from '../testing/recorded-calls.ts';
import { createCostAtZero } from './call-usage.ts';

const MODEL = 'claude-opus-5-5';

/** A call of a configured model that has used this. */
function used(t: TestContext, ...reports: readonly ReturnType<typeof aReport>[]) {
  const calls = recordedCalls(t, { models: [MODEL, 'known'] });
  const call = calls.startCall({ model: MODEL });
  for (const report of reports) call.recordUsage(report);
  call.end('success', TOTALS);
  return calls;
}

test('CallUsage: dollars count by model and caller, and are on the span and in the line', async (t) => {
  const usage = { inputTokens: 1_000, outputTokens: 500, thinkingTokens: 200 };
  const { values, spans, lines } = used(t, aReport(aCharge(MODEL, usage)));
  // 1,000 × $4 + 500 × $20, a million of each
  const dollars = 0.014;
  const labels = { model: MODEL, caller: 'search' };
  assert.deepEqual(await values('claude_api_cost_dollars_total', labels), [dollars]);
  assert.equal(spans()[0]?.attributes['claude.cost_dollars'], dollars);
  assert.equal(lines().at(-1)?.['cost_dollars'], dollars);
  assert.deepEqual(await values('claude_api_unpriced_calls_total'), []);
});

test('CallUsage: every type of token is counted once, by model and by caller', async (t) => {
  const usage = {
    inputTokens: 1,
    outputTokens: 20,
    thinkingTokens: 5,
    cacheReadTokens: 3,
    cacheWrite5mTokens: 4,
    cacheWrite1hTokens: 6,
    estimatedOutputTokens: 7,
  };
  const { values } = used(t, aReport(aCharge(MODEL, usage)));
  const counts = {
    input: 1,
    output: 15,
    thinking: 5,
    cache_read: 3,
    cache_write_5m: 4,
    cache_write_1h: 6,
    output_estimated: 7,
  };
  for (const [type, n] of Object.entries(counts)) {
    assert.deepEqual(await values('claude_api_tokens_total', { type, model: MODEL }), [n], type);
    const caller = 'search';
    assert.deepEqual(await values('claude_api_caller_tokens_total', { type, caller }), [n], type);
  }
});

test('CallUsage: attempts at different models and tiers are each priced as what they were', async (t) => {
  const million = { inputTokens: 1_000_000 };
  const { values, lines } = used(
    t,
    aReport(aCharge(MODEL, million, { fast: true })),
    aReport(aCharge('known', million), aCharge(MODEL, million, { batch: true })),
  );
  assert.deepEqual(await values('claude_api_cost_dollars_total', { model: MODEL }), [8 + 2]);
  assert.deepEqual(await values('claude_api_unpriced_calls_total', { model: 'known' }), [1]);
  assert.partialDeepStrictEqual(lines().at(-1), { cost_dollars: 10, unpriced: true });
});

test('CallUsage: a model without a price counts as one unpriced call and never as 0 dollars', async (t) => {
  const charge = aCharge('claude-opus-5-5-preview', { inputTokens: 9 }, { isAdvisor: true });
  const { values, spans, lines } = used(t, aReport(charge), aReport(charge));
  assert.deepEqual(await values('claude_api_unpriced_calls_total'), [1]);
  assert.deepEqual(await values('claude_api_unpriced_calls_total', { model: 'other' }), [1]);
  assert.deepEqual(await values('claude_api_cost_dollars_total'), []);
  assert.equal(spans()[0]?.attributes['claude.unpriced'], true);
  assert.equal('claude.cost_dollars' in (spans()[0]?.attributes ?? {}), false);
  assert.equal('cost_dollars' in (lines().at(-1) ?? {}), false);
});

test('CallUsage: a call that used nothing is neither priced nor unpriced', async (t) => {
  const { values } = used(t, aReport(aCharge('nobody-knows', {})));
  assert.deepEqual(await values('claude_api_unpriced_calls_total'), []);
  assert.deepEqual(await values('claude_api_cost_dollars_total'), []);
});

test('CallUsage: searches are priced without any tokens, and beside as many of them', async (t) => {
  const dollars = (usage: Partial<Usage>) =>
    used(t, aReport(aCharge(MODEL, usage))).values('claude_api_cost_dollars_total');
  // Three searches at a cent.
  assert.deepEqual(await dollars({ webSearches: 3 }), [0.03]);
  // And three tokens at $20 a million.
  assert.deepEqual(await dollars({ webSearches: 3, outputTokens: 3 }), [0.03006]);
  const { values } = used(t, aReport(aCharge('nobody-knows', { webSearches: 3 })));
  assert.deepEqual(await values('claude_api_unpriced_calls_total'), [1]);
});

const FREE = { isFree: true } as const;
for (const model of [MODEL, 'known', 'nobody-knows']) {
  test(`CallUsage: a refusal of ${model} is free: its tokens count, no series of dollars appears`, async (t) => {
    const report = aReport(aCharge(model, { inputTokens: 2_000 }, FREE));
    const { values, lines } = used(t, report, report);
    assert.deepEqual(await values('claude_api_tokens_total', { type: 'input' }), [4_000]);
    assert.deepEqual(await values('claude_api_cost_dollars_total'), []);
    assert.deepEqual(await values('claude_api_unpriced_calls_total'), []);
    assert.equal(lines().at(-1)?.['cost_dollars'], 0);
  });
}

test('CallUsage: dollars of a model that has a price and no label are those of other', async (t) => {
  const advisor = aCharge('claude-haiku-4-5', { outputTokens: 1_000 }, { isAdvisor: true });
  const { values } = used(t, aReport(advisor));
  assert.deepEqual(await values('claude_api_cost_dollars_total', { model: 'other' }), [0.005]);
});

test('CallUsage: an advisor has the label of its own model', async (t) => {
  const advisor = aCharge('known-20261001', { outputTokens: 8 }, { isAdvisor: true });
  const { values } = used(t, aReport(aCharge(MODEL, { outputTokens: 2 }), advisor));
  assert.deepEqual(await values('claude_api_tokens_total', { model: 'known' }), [8]);
  assert.deepEqual(await values('claude_api_tokens_total', { model: MODEL }), [2]);
});

test('CallUsage: fields that were no count are counted, although nothing else was reported', async (t) => {
  const { values } = used(t, { charges: [], malformed: 3 });
  assert.deepEqual(await values('claude_api_malformed_usage_total'), [3]);
  assert.deepEqual(await values('claude_api_tokens_total'), []);
});

test('createCostAtZero: dollars exist at 0 for what has a price, by caller, and never for what has none', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  const models = [MODEL, 'nobody-knows'];
  createCostAtZero(instruments, { models, upstreams: [], callers: ['search', 'chat'] });
  const labels = async (name: string) => (await points(name)).map(({ attributes }) => attributes);
  assert.deepEqual(await labels('claude_api_cost_dollars_total'), [
    { model: MODEL, caller: 'search' },
    { model: MODEL, caller: 'chat' },
  ]);
  assert.deepEqual(
    (await labels('claude_api_unpriced_calls_total')).map(({ model }) => model),
    [...models, 'other'],
  );
  assert.equal((await points('claude_api_malformed_usage_total'))[0]?.value, 0);
});

test('createCostAtZero: many callers and models create no series before their calls', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  const callers = Array.from({ length: 1_001 }, (_, i) => `caller-${i}`);
  createCostAtZero(instruments, { models: [MODEL], upstreams: [], callers });
  assert.deepEqual(await points('claude_api_cost_dollars_total'), []);
});

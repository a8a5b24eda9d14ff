/** Every figure here was worked out by hand from the published prices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Charge, Usage } from '../anthropic/usage.ts';
import { readConfig } from '../config/config.ts';
import { aCharge } from '../testing/charges.ts';
import { costOf } from './cost.ts';
import { PRICES, PRICES_CHECKED_ON } from './prices.ts';

const TODAY = Date.parse(PRICES_CHECKED_ON);
const MILLION = 1_000_000;

/** Dollars for a million tokens: input, output, five-minute write, one-hour write, cache read. */
const RATES: readonly [model: string, ...dollars: [number, number, number, number, number]][] = [
  ['claude-fable-5-2', 8, 40, 10, 16, 0.2],
  ['claude-fable-5-1', 10, 50, 12.5, 20, 0.25],
  ['claude-fable-5', 10, 50, 12.5, 20, 1],
  ['claude-mythos-5-1', 10, 50, 12.5, 20, 0.25],
  ['claude-mythos-5', 10, 50, 12.5, 20, 1],
  ['claude-opus-5-5', 4, 20, 5, 8, 0.2],
  ['claude-opus-5', 5, 25, 6.25, 10, 0.5],
  ['claude-opus-4-8', 5, 25, 6.25, 10, 0.5],
  ['claude-opus-4-7', 5, 25, 6.25, 10, 0.5],
  ['claude-opus-4-6', 5, 25, 6.25, 10, 0.5],
  ['claude-opus-4-5', 5, 25, 6.25, 10, 0.5],
  ['claude-sonnet-5-5', 2, 10, 2.5, 4, 0.1],
  ['claude-sonnet-5', 2, 10, 2.5, 4, 0.2],
  ['claude-sonnet-4-6', 3, 15, 3.75, 6, 0.3],
  ['claude-sonnet-4-5', 3, 15, 3.75, 6, 0.3],
  ['claude-haiku-5-5', 0.5, 2.5, 0.625, 1, 0.05],
  ['claude-haiku-4-5', 1, 5, 1.25, 2, 0.1],
];
for (const [model, input, output, write5m, write1h, read] of RATES) {
  test(`costOf: a million tokens of each kind of ${model} cost what is published`, () => {
    const cost = (usage: Partial<Usage>) => costOf(aCharge(model, usage), TODAY);
    assert.equal(cost({ inputTokens: MILLION }), input);
    assert.equal(cost({ cacheWrite5mTokens: MILLION }), write5m);
    assert.equal(cost({ cacheWrite1hTokens: MILLION }), write1h);
    assert.equal(cost({ cacheReadTokens: MILLION }), read);
    // Without a prompt, so that Haiku 5.5 costs what its short prompts do.
    const written = model === 'claude-haiku-5-5' ? 0.5 : output;
    assert.equal(cost({ outputTokens: MILLION }), written);
    assert.equal(cost({ outputTokens: MILLION, thinkingTokens: MILLION }), written);
    assert.equal(cost({ estimatedOutputTokens: MILLION }), written);
  });
}

test('costOf: no model of the price table is untested', () => {
  assert.deepEqual(Object.keys(PRICES).sort(), RATES.map(([model]) => model).sort());
});

test('costOf: a price holds from midnight UTC of its day', () => {
  const read = aCharge('claude-sonnet-5-5', { cacheReadTokens: MILLION });
  const midnight = Date.UTC(2026, 9, 7);
  assert.equal(costOf(read, midnight - 1), 0.2);
  assert.equal(costOf(read, midnight), 0.1);
  assert.equal(costOf(read, Date.UTC(2027, 0, 1)), 0.1);
});

test('costOf: every model that has a label by default has a price', () => {
  for (const model of readConfig({ CLAUDE_API_KEY: 'a-key-of-the-tests' }).models) {
    const cost = costOf(aCharge(model, { inputTokens: 1 }), TODAY);
    assert(cost !== undefined && cost > 0, model);
  }
});

const CASES: readonly [name: string, charge: Charge, dollars: number | undefined][] = [
  [
    // 100,000 × 0.10 + 1,000 × 0.50, a million of each
    'a prompt of 100,000 tokens is a short one for Haiku 5.5',
    aCharge('claude-haiku-5-5', { inputTokens: 100_000, outputTokens: 1_000 }),
    0.0105,
  ],
  [
    // 100,001 × 0.50 + 1,000 × 2.50
    'one token more, and the whole request costs five times as much',
    aCharge('claude-haiku-5-5', { inputTokens: 100_001, outputTokens: 1_000 }),
    0.0525005,
  ],
  [
    // 1 × 0.50 + 60,000 × 0.05 + 20,000 × 0.625 + 20,000 × 1
    'cached tokens are a part of the prompt',
    aCharge('claude-haiku-5-5', {
      inputTokens: 1,
      cacheReadTokens: 60_000,
      cacheWrite5mTokens: 20_000,
      cacheWrite1hTokens: 20_000,
    }),
    0.0355005,
  ],
  [
    'other models have no price for long prompts',
    aCharge('claude-sonnet-5-5', { inputTokens: 900_000 }),
    1.8,
  ],
  [
    // (1,000 × 4 + 2,000 × 20) × 2
    'fast costs twice as much',
    aCharge('claude-opus-5-5', { inputTokens: 1_000, outputTokens: 2_000 }, { fast: true }),
    0.088,
  ],
  [
    'a fast answer of a model without a fast mode has no price',
    aCharge('claude-haiku-4-5', { inputTokens: 1_000 }, { fast: true }),
    undefined,
  ],
  [
    // 1,000 × 4 × 1.1
    'inference in the United States costs a tenth more',
    aCharge('claude-opus-5-5', { inputTokens: 1_000 }, { inUs: true }),
    0.0044,
  ],
  [
    'a batch costs half',
    aCharge('claude-opus-5-5', { inputTokens: 1_000 }, { batch: true }),
    0.002,
  ],
  [
    // 1,000 × 4 × 2 × 0.5 × 1.1, and 3 searches at a cent
    'multipliers multiply each other, and not the searches',
    aCharge(
      'claude-opus-5-5',
      { inputTokens: 1_000, webSearches: 3 },
      { fast: true, batch: true, inUs: true },
    ),
    0.0344,
  ],
  ['a thousand searches cost $10', aCharge('claude-haiku-4-5', { webSearches: 1_000 }), 10],
  [
    'what is not billed costs nothing, of whatever model',
    aCharge('nobody-knows', { inputTokens: 1_000 }, { isFree: true }),
    0,
  ],
  [
    // 3 × 0.01 / a million: the price of so few tokens keeps its digits.
    'three cached tokens of Haiku',
    aCharge('claude-haiku-5-5', { cacheReadTokens: 3 }),
    0.00000003,
  ],
];
for (const [name, charge, dollars] of CASES) {
  test(`costOf: ${name}`, () => assert.equal(costOf(charge, TODAY), dollars));
}

const NAMES: readonly [name: string, dollars: number | undefined][] = [
  ['claude-opus-5-5-20261001', 4],
  ['claude-opus-5-5@20261001', 4],
  ['claude-opus-5-5-latest', 4],
  ['us.anthropic.claude-opus-5-5-20261001-v1:0', 4],
  ['claude-opus-5-20261001', 5],
  ['claude-opus-5-6', undefined],
  ['claude-opus-5-5-1', undefined],
  ['claude-opus-5-5-mini', undefined],
  ['claude-opus-5-5-2026', undefined],
  ['claude-opus-5-5-20261001-thinking', undefined],
  ['claude-opus', undefined],
  ['Claude-Opus-5-5', undefined],
  ['', undefined],
  ['constructor', undefined],
  ['__proto__', undefined],
];
for (const [name, dollars] of NAMES) {
  test(`costOf: the name ${JSON.stringify(name)} ${dollars ? 'has the price of its model' : 'has no price: no match by prefix'}`, () => {
    assert.equal(costOf(aCharge(name, { inputTokens: MILLION }), TODAY), dollars);
  });
}

test('costOf: the largest usage that is read costs a finite sum', () => {
  const n = 10_000_000;
  const all = { inputTokens: n, outputTokens: n, cacheReadTokens: n, webSearches: 1_000 };
  const cost = costOf(aCharge('claude-fable-5', all), TODAY);
  assert.equal(cost, 100 + 500 + 10 + 10);
});

test('the price table: its prices are in order of their days, and none is younger than the table', () => {
  for (const prices of Object.values(PRICES)) {
    const days = prices.map(({ from = '' }) => from);
    assert.deepEqual(days, days.toSorted());
    for (const day of days.slice(1)) assert.match(day, /^20\d\d-\d\d-\d\d$/);
    assert(days.every((day) => day <= PRICES_CHECKED_ON));
  }
});

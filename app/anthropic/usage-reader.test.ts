import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE, totalTokens, type Usage, usageOf } from './usage.ts';
import { UsageReader } from './usage-reader.ts';

/** Reads reports of one answer, in turn. */
function read(...reports: readonly unknown[]) {
  const reader = new UsageReader();
  for (const report of reports) reader.read(report);
  return reader.report({ model: 'asked' });
}

const WHOLE = {
  input_tokens: 10,
  output_tokens: 30,
  cache_read_input_tokens: 20,
  cache_creation_input_tokens: 12,
  cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 7 },
  output_tokens_details: { thinking_tokens: 25 },
  server_tool_use: { web_search_requests: 3, web_fetch_requests: 1 },
  service_tier: 'standard',
  speed: 'standard',
  inference_geo: 'global',
};
const WHOLE_USAGE: Usage = {
  inputTokens: 10,
  outputTokens: 30,
  thinkingTokens: 25,
  cacheReadTokens: 20,
  cacheWrite5mTokens: 5,
  cacheWrite1hTokens: 7,
  estimatedOutputTokens: 0,
  webSearches: 3,
};

test('UsageReader: every part of a whole report is read, and no token counts twice', () => {
  const report = read(WHOLE);
  assert.deepEqual(usageOf(report), WHOLE_USAGE);
  assert.equal(report.malformed, 0);
  assert.equal(totalTokens(usageOf(report)), 10 + 30 + 20 + 12);
});

const MALFORMED: readonly [
  field: string,
  report: object,
  expected: Partial<Usage>,
  malformed: number,
][] = [
  ['no field at all', {}, {}, 2],
  ['null counts that must be there', { input_tokens: null, output_tokens: null }, {}, 2],
  ['a negative count', { input_tokens: -1, output_tokens: 2 }, { outputTokens: 2 }, 1],
  ['a string', { input_tokens: '7', output_tokens: 2 }, { outputTokens: 2 }, 1],
  ['an empty string', { input_tokens: '', output_tokens: 2 }, { outputTokens: 2 }, 1],
  ['a fraction', { input_tokens: 1.5, output_tokens: 2 }, { outputTokens: 2 }, 1],
  ['a huge count', { input_tokens: 1e300, output_tokens: 2 }, { outputTokens: 2 }, 1],
  [
    'a count that no answer can have',
    { input_tokens: 1e9, output_tokens: 2 },
    { outputTokens: 2 },
    1,
  ],
  [
    'infinity',
    { input_tokens: Number.POSITIVE_INFINITY, output_tokens: 2 },
    { outputTokens: 2 },
    1,
  ],
  ['NaN', { input_tokens: Number.NaN, output_tokens: 2 }, { outputTokens: 2 }, 1],
  ['an object', { input_tokens: {}, output_tokens: [] }, {}, 2],
  ['true', { input_tokens: true, output_tokens: 2 }, { outputTokens: 2 }, 1],
  [
    'optional fields of null',
    {
      input_tokens: 1,
      output_tokens: 2,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: null,
      cache_creation: null,
      output_tokens_details: null,
      server_tool_use: null,
      service_tier: null,
      speed: null,
      inference_geo: null,
      iterations: null,
    },
    { inputTokens: 1, outputTokens: 2 },
    0,
  ],
  [
    'parts of another kind',
    {
      input_tokens: 1,
      output_tokens: 2,
      cache_creation: 3,
      output_tokens_details: 'x',
      server_tool_use: [],
      service_tier: 4,
      speed: {},
      inference_geo: false,
      iterations: 5,
    },
    { inputTokens: 1, outputTokens: 2 },
    7,
  ],
  [
    'bad counts inside the parts',
    {
      ...WHOLE,
      cache_creation: { ephemeral_5m_input_tokens: '5', ephemeral_1h_input_tokens: 7 },
      output_tokens_details: { thinking_tokens: -1 },
      server_tool_use: { web_search_requests: 1e99 },
    },
    {
      ...WHOLE_USAGE,
      thinkingTokens: 0,
      webSearches: 0,
      cacheWrite5mTokens: 12,
      cacheWrite1hTokens: 0,
    },
    3,
  ],
  [
    'more thinking than output',
    { input_tokens: 1, output_tokens: 2, output_tokens_details: { thinking_tokens: 9 } },
    { inputTokens: 1, outputTokens: 2, thinkingTokens: 2 },
    1,
  ],
];
for (const [field, report, expected, malformed] of MALFORMED) {
  test(`UsageReader: ${field}: ${malformed} malformed, and the rest is read`, () => {
    const result = read(report);
    assert.deepEqual(usageOf(result), { ...NO_USAGE, ...expected });
    assert.equal(result.malformed, malformed);
  });
}

for (const value of [undefined, null, 'x', 7, [], true]) {
  test(`UsageReader: usage of ${JSON.stringify(value)} is malformed, not 0 tokens`, () => {
    assert.deepEqual(read(value), { charges: [], malformed: 1 });
  });
}

const WRITES: readonly [name: string, reports: object[], five: number, hour: number][] = [
  ['a sum without a split is of five minutes', [{ cache_creation_input_tokens: 9 }], 9, 0],
  [
    'a split wins over a sum that differs',
    [
      {
        cache_creation_input_tokens: 100,
        cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 2 },
      },
    ],
    1,
    2,
  ],
  [
    'a split of nothing does not hide a sum',
    [
      {
        cache_creation_input_tokens: 9,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      },
    ],
    9,
    0,
  ],
  ['half a split is enough', [{ cache_creation: { ephemeral_1h_input_tokens: 4 } }], 0, 4],
  [
    'the sum at a stream’s end keeps the split of its start',
    [
      {
        cache_creation_input_tokens: 12,
        cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 7 },
      },
      { cache_creation_input_tokens: 12 },
    ],
    5,
    7,
  ],
  [
    'what a sum has grown by is of five minutes',
    [
      { cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 7 } },
      { cache_creation_input_tokens: 20 },
    ],
    13,
    7,
  ],
  [
    'what a sum has grown by is of an hour where all was',
    [
      { cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 7 } },
      { cache_creation_input_tokens: 20 },
    ],
    0,
    20,
  ],
  [
    'a smaller sum takes nothing back',
    [
      { cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 7 } },
      { cache_creation_input_tokens: 3 },
    ],
    5,
    7,
  ],
  [
    'a smaller sum never makes a count negative, where what it lost was not cached',
    [
      { cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 7 } },
      { input_tokens: 9, cache_creation_input_tokens: 3 },
    ],
    0,
    3,
  ],
];
for (const [name, reports, five, hour] of WRITES) {
  test(`UsageReader: cache writes: ${name}`, () => {
    const usage = usageOf(read(...reports));
    assert.deepEqual([usage?.cacheWrite5mTokens, usage?.cacheWrite1hTokens], [five, hour]);
  });
}

/** Each field, the report of it, and the most that it can be. */
const TOKENS = 10_000_000;
const CAPS: readonly [field: keyof Usage, cap: number, report: (n: number) => object][] = [
  ['inputTokens', TOKENS, (n) => ({ input_tokens: n })],
  ['outputTokens', TOKENS, (n) => ({ output_tokens: n })],
  ['thinkingTokens', TOKENS, (n) => ({ output_tokens_details: { thinking_tokens: n } })],
  ['cacheReadTokens', TOKENS, (n) => ({ cache_read_input_tokens: n })],
  ['cacheWrite5mTokens', TOKENS, (n) => ({ cache_creation_input_tokens: n })],
  ['cacheWrite5mTokens', TOKENS, (n) => ({ cache_creation: { ephemeral_5m_input_tokens: n } })],
  ['cacheWrite1hTokens', TOKENS, (n) => ({ cache_creation: { ephemeral_1h_input_tokens: n } })],
  ['webSearches', 1_000, (n) => ({ server_tool_use: { web_search_requests: n } })],
];
for (const [field, cap, reportOf] of CAPS) {
  const [part] = Object.keys(reportOf(0));
  test(`UsageReader: ${part} may say ${cap} ${field}; one more is ignored and malformed`, () => {
    const base = { input_tokens: 0, output_tokens: TOKENS };
    const at = read({ ...base, ...reportOf(cap) });
    assert.equal(usageOf(at)?.[field], cap);
    assert.equal(at.malformed, 0);
    const over = read({ ...base, ...reportOf(cap + 1) });
    assert.equal(usageOf(over)?.[field], 0);
    assert.equal(over.malformed, 1);
  });
}

test('UsageReader: the tokens of an iteration have the same limit as those of a sum', () => {
  const iterations = (n: number) => [
    { type: 'compaction', input_tokens: n, output_tokens: 0 },
    { type: 'message', input_tokens: 1, output_tokens: 1 },
  ];
  const whole = { input_tokens: 1, output_tokens: 1 };
  const at = read({ ...whole, iterations: iterations(TOKENS) });
  assert.equal(usageOf(at)?.inputTokens, TOKENS + 1);
  assert.equal(at.malformed, 0);
  const over = read({ ...whole, iterations: iterations(TOKENS + 1) });
  assert.equal(usageOf(over)?.inputTokens, 1);
  assert.equal(over.malformed, 1);
});

const START = { ...WHOLE, output_tokens: 4, output_tokens_details: { thinking_tokens: 0 } };
const LATER: readonly [name: string, report: object, changed: Partial<Usage>, malformed: number][] =
  [
    ['a prompt of 0 without cache fields', { input_tokens: 0, output_tokens: 30 }, {}, 1],
    [
      'a prompt of 0 in every field',
      {
        input_tokens: 0,
        output_tokens: 30,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
      },
      {},
      1,
    ],
    ['cache reads of 0', { output_tokens: 30, cache_read_input_tokens: 0 }, {}, 1],
    ['cache writes of 0', { output_tokens: 30, cache_creation_input_tokens: 0 }, {}, 1],
    ['one token less', { input_tokens: 9, output_tokens: 30 }, {}, 1],
    ['the same again', { ...WHOLE, output_tokens_details: { thinking_tokens: 0 } }, {}, 0],
    ['a larger prompt', { input_tokens: 11, output_tokens: 30 }, { inputTokens: 11 }, 0],
    [
      'the same prompt, more of it cached',
      { input_tokens: 0, output_tokens: 30, cache_read_input_tokens: 30 },
      { inputTokens: 0, cacheReadTokens: 30 },
      0,
    ],
    ['fewer searches', { output_tokens: 30, server_tool_use: { web_search_requests: 2 } }, {}, 1],
    [
      'more searches',
      { output_tokens: 30, server_tool_use: { web_search_requests: 4 } },
      { webSearches: 4 },
      0,
    ],
    ['less output than was announced', { output_tokens: 3 }, { outputTokens: 3 }, 0],
    [
      'sums of the last iteration alone',
      {
        input_tokens: 5,
        output_tokens: 30,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
        iterations: [{ type: 'message', input_tokens: 5, output_tokens: 30 }],
      },
      { inputTokens: 5, cacheReadTokens: 0, cacheWrite5mTokens: 0, cacheWrite1hTokens: 0 },
      0,
    ],
  ];
for (const [name, report, changed, malformed] of LATER) {
  test(`UsageReader: of a later report with ${name}, ${malformed} is malformed and takes nothing back`, () => {
    const result = read(START, report);
    assert.deepEqual(usageOf(result), {
      ...WHOLE_USAGE,
      thinkingTokens: 0,
      ...changed,
    });
    assert.equal(result.malformed, malformed);
  });
}

test('UsageReader: output and thinking of the last report are no less than those of the one before', () => {
  const reportOf = (output_tokens: number, thinking_tokens: number) => ({
    output_tokens,
    output_tokens_details: { thinking_tokens },
  });
  const report = read(START, reportOf(30, 25), reportOf(29, 24));
  assert.deepEqual(usageOf(report), WHOLE_USAGE);
  assert.equal(report.malformed, 2);
});

test('UsageReader: an answer with content has not written 0 tokens', () => {
  const reader = new UsageReader();
  assert.equal(reader.read(START), true);
  assert.equal(reader.read({ output_tokens: 0 }, true), false);
  assert.equal(reader.outputTokens, 4);
  assert.equal(reader.read({ output_tokens: 1 }, true), true);
  assert.equal(reader.report({ model: 'm' }).malformed, 1);
});

test('UsageReader: tier, speed and place come from a stream’s start and are kept to its end', () => {
  const start = { ...WHOLE, service_tier: 'batch', speed: 'fast', inference_geo: 'us' };
  const [charge] = read(start, { output_tokens: 40 }).charges;
  assert.partialDeepStrictEqual(charge, { batch: true, fast: true, inUs: true });
  assert.equal(charge?.usage.outputTokens, 40);
});

test('UsageReader: a refusal before any output is free, a later one and an answer of nothing are not', () => {
  const free = (output_tokens: number, stopReason: string) => {
    const reader = new UsageReader();
    reader.read({ input_tokens: 10, output_tokens });
    return reader.report({ model: 'm', stopReason }).charges[0]?.isFree;
  };
  assert.equal(free(0, 'refusal'), true);
  assert.equal(free(4, 'refusal'), false);
  // A prompt that only warms the cache asks for no output, and is billed.
  assert.equal(free(0, 'max_tokens'), false);
});

const entry = (type: string, input_tokens: number, output_tokens: number, more: object = {}) => ({
  type,
  input_tokens,
  output_tokens,
  ...more,
});

test('UsageReader: a compaction is in no sum, and is added', () => {
  const iterations = [entry('compaction', 180_000, 3_500), entry('message', 23_000, 1_000)];
  const report = read({ input_tokens: 23_000, output_tokens: 1_000, iterations });
  assert.partialDeepStrictEqual(usageOf(report), { inputTokens: 203_000, outputTokens: 4_500 });
  assert.deepEqual(
    report.charges.map(({ model }) => model),
    ['asked', 'asked'],
  );
});

test('UsageReader: an advisor is another model, and the prompts of every iteration count', () => {
  const iterations = [
    entry('message', 412, 89),
    entry('advisor_message', 823, 1_612, { model: 'claude-opus-5-5' }),
    entry('message', 1_348, 442, { cache_read_input_tokens: 412 }),
  ];
  const thinking = { output_tokens_details: { thinking_tokens: 100 } };
  const tools = { server_tool_use: { web_search_requests: 2 } };
  const top = { input_tokens: 412, output_tokens: 531, ...thinking, ...tools, speed: 'fast' };
  const { charges, malformed } = read({ ...top, iterations });
  assert.equal(malformed, 0);
  const seen = charges.map(({ model, isAdvisor, fast, usage }) => [
    model,
    isAdvisor,
    fast,
    usage.inputTokens,
    usage.outputTokens,
    usage.thinkingTokens,
    usage.webSearches,
  ]);
  assert.deepEqual(seen, [
    ['asked', false, true, 412, 89, 89, 0],
    ['asked', false, true, 1_348, 442, 11, 2],
    ['claude-opus-5-5', true, false, 823, 1_612, 0, 0],
  ]);
});

test('UsageReader: a model that declined before it wrote is free, its fallback is billed as itself', () => {
  const iterations = [
    entry('message', 50, 0, { model: 'claude-fable-5-2' }),
    entry('fallback_message', 60, 9, { model: 'claude-opus-5-5' }),
  ];
  const { charges } = read({ input_tokens: 60, output_tokens: 9, iterations });
  assert.deepEqual(
    charges.map(({ model, isFree }) => [model, isFree]),
    [
      ['claude-fable-5-2', true],
      ['claude-opus-5-5', false],
    ],
  );
});

test('UsageReader: iterations that are older than the sums leave the sums, entries that cannot be read count as malformed', () => {
  const iterations = [entry('message', 5, 1), null, 7, entry('something_new', 9, 9)];
  const report = read({ input_tokens: 10, output_tokens: 20, iterations });
  assert.partialDeepStrictEqual(usageOf(report), { inputTokens: 10, outputTokens: 20 });
  assert.equal(report.malformed, 3);
});

test('UsageReader: a flood of iterations is cut, and the rest counts as malformed', () => {
  const iterations = Array.from({ length: 10_000 }, () => entry('compaction', 1, 1));
  const { charges, malformed } = read({ input_tokens: 1, output_tokens: 1, iterations });
  assert.equal(charges.length, 101);
  assert.equal(malformed, 9_900);
});

test('UsageReader: an estimate counts although nothing was reported', () => {
  const report = new UsageReader().report({ model: 'm', estimatedOutputTokens: 8 });
  assert.deepEqual(usageOf(report), { ...NO_USAGE, estimatedOutputTokens: 8 });
});

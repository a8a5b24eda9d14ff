/** The simulator answers what today's API answers: asked by the official SDK, complete and streamed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { ASK, MODEL } from '../../app/testing/messages.ts';
import { sampleOf } from './schema-values.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from './server.ts';

type Params = Anthropic.MessageCreateParamsNonStreaming;

const WEATHER: Anthropic.Tool = {
  name: 'get_weather',
  description: 'The weather in a city',
  input_schema: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
      days: { type: 'array', items: { type: 'integer', minimum: 3 }, minItems: 2 },
    },
    required: ['city', 'unit', 'days'],
  },
};
const CLOCK: Anthropic.Tool = { name: 'clock', input_schema: { type: 'object' } };
const INPUT = { city: 'simulated', unit: 'celsius', days: [3, 3] };
const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, born: { type: 'string', format: 'date' } },
  required: ['name', 'born'],
  additionalProperties: false,
};

describe('answers of the simulator', () => {
  let simulator: Simulator;
  let sdk: Anthropic;
  before(async () => {
    simulator = await startSimulator();
    sdk = new Anthropic({ apiKey: DEFAULT_KEY, baseURL: simulator.url, maxRetries: 0 });
  });
  after(() => simulator.close());

  /** The message of a complete answer, which must be that of a stream too, but for its ID. */
  async function ask(part: Partial<Params>): Promise<Anthropic.Message> {
    const params = { ...ASK, ...part };
    const complete = await sdk.messages.create(params);
    const streamed = await sdk.messages.stream(params).finalMessage();
    assert.deepEqual(
      streamed.content.map(({ type }) => type),
      complete.content.map(({ type }) => type),
    );
    assert.deepEqual(streamed.usage, complete.usage);
    assert.equal(streamed.stop_reason, complete.stop_reason);
    assert.equal(streamed.stop_sequence, complete.stop_sequence);
    return complete;
  }

  for (const type of ['auto', 'any'] as const) {
    test(`simulator: tool_choice ${type} uses the tool that the prompt names, with an input of its schema`, async () => {
      const { content, stop_reason } = await ask({
        tools: [CLOCK, WEATHER],
        tool_choice: { type },
        messages: [{ role: 'user', content: 'Call get_weather' }],
      });
      const [block] = content;
      assert(block?.type === 'tool_use');
      assert.deepEqual([block.name, block.input], ['get_weather', INPUT]);
      assert.equal(stop_reason, 'tool_use');
    });
  }

  test('simulator: a tool’s result is answered with text that holds it, and tool_choice none with text', async () => {
    const tools = [WEATHER];
    const first = await ask({ tools });
    const [use] = first.content;
    assert(use?.type === 'tool_use');
    const { content } = await ask({
      tools,
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '21 °C' }] },
      ],
    });
    assert(content[0]?.type === 'text' && content[0].text.includes('21 °C'));
    const none = await ask({ tools, tool_choice: { type: 'none' } });
    assert.equal(none.content[0]?.type, 'text');
  });

  test('simulator: a result for a tool that was not used is refused', async () => {
    const content = [{ type: 'tool_result' as const, tool_use_id: 'toolu_x', content: 'a' }];
    const refused = sdk.messages.create({ ...ASK, messages: [{ role: 'user', content }] });
    await assert.rejects(refused, /unexpected `tool_use_id`/);
  });

  test('simulator: a JSON schema is answered with JSON that it accepts', async () => {
    const { content } = await ask({
      output_config: { format: { type: 'json_schema', schema: SCHEMA } },
    });
    assert(content[0]?.type === 'text');
    assert.deepEqual(JSON.parse(content[0].text), { name: 'simulated', born: '2026-01-01' });
  });

  test('simulator: thinking comes first, is signed, and its tokens are told apart', async () => {
    const { content, usage } = await ask({ thinking: { type: 'adaptive' } });
    const [thought, text] = content;
    assert(thought?.type === 'thinking' && thought.signature && thought.thinking);
    assert.equal(text?.type, 'text');
    const { thinking_tokens = 0 } = usage.output_tokens_details ?? {};
    assert(thinking_tokens > 0 && thinking_tokens < usage.output_tokens);
  });

  test('simulator: a stop sequence ends the answer and is named', async () => {
    const { content, ...end } = await ask({ stop_sequences: ['never', '. This'] });
    assert(content[0]?.type === 'text' && content[0].text === 'You said: Hello');
    assert.deepEqual([end.stop_reason, end.stop_sequence], ['stop_sequence', '. This']);
  });

  test('simulator: max_tokens 0 writes the cache, and the next request reads it', async () => {
    const text = 'A prompt that is worth caching. '.repeat(9);
    const system = [{ type: 'text' as const, text, cache_control: { type: 'ephemeral' as const } }];
    const params = { ...ASK, system, model: 'claude-opus-5-5' };
    const warm = await sdk.messages.create({ ...params, max_tokens: 0 });
    assert.deepEqual([warm.content, warm.usage.output_tokens], [[], 0]);
    const written = warm.usage.cache_creation_input_tokens ?? 0;
    assert(written > 0);
    assert.equal(warm.usage.cache_creation?.ephemeral_5m_input_tokens, written);
    const { usage } = await sdk.messages.create(params);
    assert.deepEqual(
      [usage.cache_read_input_tokens, usage.cache_creation_input_tokens],
      [written, 0],
    );
    const { input_tokens } = await sdk.messages.countTokens({
      model: params.model,
      system,
      messages: ASK.messages,
    });
    assert.equal(usage.input_tokens + written, input_tokens);
  });

  test('simulator: each part of a prompt is cached for as long as its own cache_control says', async () => {
    const part = (text: string, ttl: '5m' | '1h') => ({
      type: 'text' as const,
      text: text.repeat(40),
      cache_control: { type: 'ephemeral' as const, ttl },
    });
    const [hour, five] = [part('Kept for an hour. ', '1h'), part('Kept for minutes. ', '5m')];
    const params = { ...ASK, model: 'claude-sonnet-5-5', max_tokens: 0 };
    const use = async (system: Anthropic.TextBlockParam[]) => {
      const { usage } = await sdk.messages.create({ ...params, system });
      const { cache_creation: written, cache_read_input_tokens: read } = usage;
      const { ephemeral_5m_input_tokens = 0, ephemeral_1h_input_tokens = 0 } = written ?? {};
      const sum = ephemeral_5m_input_tokens + ephemeral_1h_input_tokens;
      assert.equal(usage.cache_creation_input_tokens, sum);
      return { read, five: ephemeral_5m_input_tokens, hour: ephemeral_1h_input_tokens };
    };
    const first = await use([hour]);
    assert(first.hour > 0 && first.five === 0 && first.read === 0);
    const second = await use([hour, five]);
    assert.equal(second.read, first.hour);
    assert(second.five > 0 && second.hour === 0);
    const third = await use([hour, five]);
    assert.deepEqual([third.five, third.hour], [0, 0]);
    assert.equal(third.read, (second.read ?? 0) + second.five);
  });

  test('simulator: speed, place and web searches are reported as they were asked for', async () => {
    const search = { type: 'web_search_20260318', name: 'web_search' } as const;
    const { usage } = await ask({
      speed: 'fast',
      inference_geo: 'us',
      tools: [search as unknown as Anthropic.ToolUnion],
    });
    assert.deepEqual(
      [usage.speed, usage.inference_geo, usage.service_tier],
      ['fast', 'us', 'standard'],
    );
    assert.equal(usage.server_tool_use?.web_search_requests, 1);
    const plain = await ask({});
    assert.deepEqual([plain.usage.speed, plain.usage.inference_geo], ['standard', 'global']);
    assert.equal(plain.usage.server_tool_use, null);
  });

  test('simulator: an item of a batch is of the tier batch', async () => {
    const { id } = await sdk.messages.batches.create({
      requests: [{ custom_id: 'a', params: ASK }],
    });
    // The SDK would ask the host that the real API names for its results.
    const results = await fetch(`${simulator.url}/v1/messages/batches/${id}/results`, {
      headers: { 'x-api-key': DEFAULT_KEY, 'anthropic-version': '2023-06-01' },
    });
    assert.match(await results.text(), /"service_tier":"batch"/);
  });

  test('simulator: the models come in pages, a dated ID belongs to its name', async () => {
    const ids: string[] = [];
    for await (const { id } of sdk.models.list({ limit: 2 })) ids.push(id);
    assert.deepEqual(ids, ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5']);
    assert.equal((await sdk.models.retrieve(`${MODEL}-20261001`)).lifecycle, 'active');
    await assert.rejects(sdk.models.retrieve('claude-x'), Anthropic.NotFoundError);
  });

  test('simulator: sampling parameters are refused by version 2026-10-21 alone', async () => {
    const post = (version: string) =>
      fetch(`${simulator.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': DEFAULT_KEY, 'anthropic-version': version },
        body: JSON.stringify({ ...ASK, temperature: 1 }),
      });
    assert.equal((await post('2023-06-01')).status, 200);
    assert.equal((await post('2026-10-21')).status, 400);
    assert.equal((await post('1999-01-01')).status, 400);
  });
});

const SAMPLES: readonly [schema: object, sample: unknown][] = [
  [{ $ref: '#/$defs/A', $defs: { A: { type: 'integer', exclusiveMinimum: 4 } } }, 5],
  [{ anyOf: [{ type: 'null' }, { type: 'string' }] }, null],
  [{ type: ['string', 'null'], minLength: 12 }, 'simulated...'],
  [{ const: 7 }, 7],
  [{ type: 'number', multipleOf: 5, minimum: 6 }, 10],
  [{ type: 'array', prefixItems: [{ type: 'boolean' }, { type: 'string' }] }, [true, 'simulated']],
  [
    {
      allOf: [
        { properties: { a: { type: 'boolean' } }, required: ['a'] },
        { properties: { b: { const: 1 } }, required: ['b'] },
      ],
    },
    { a: true, b: 1 },
  ],
  [{}, 'simulated'],
];

for (const [schema, sample] of SAMPLES) {
  test(`sampleOf: ${JSON.stringify(schema)} is ${JSON.stringify(sample)}`, () => {
    assert.deepEqual(sampleOf(schema), sample);
  });
}

test('sampleOf: a schema that refers to itself has an end', () => {
  const schema = {
    $ref: '#/$defs/N',
    $defs: { N: { properties: { n: { $ref: '#/$defs/N' } }, required: ['n'] } },
  };
  assert.ok(JSON.stringify(sampleOf(schema)).length < 200);
});

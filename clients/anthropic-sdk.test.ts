/** Anthropic's own TypeScript SDK through the service: its helpers for streams, tools and structured output. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { MODEL, TOKEN, useService } from './service.ts';

const ASK = {
  model: MODEL,
  max_tokens: 256,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};
const WEATHER: Anthropic.Tool = {
  name: 'weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

describe('Anthropic SDK', { concurrency: false }, () => {
  const api = useService();
  const sdk = (apiKey = TOKEN) =>
    new Anthropic({ apiKey, baseURL: api.service.url, maxRetries: 0 });

  test('Anthropic SDK: a complete and a streamed answer are the same message', async () => {
    const { content, usage } = await sdk().messages.create(ASK);
    const streamed = await sdk().messages.stream(ASK).finalMessage();
    assert.deepEqual([streamed.content, streamed.usage], [content, usage]);
  });

  test('Anthropic SDK: a tool is used, and its result answered, complete and streamed', async () => {
    const params = { ...ASK, tools: [WEATHER] };
    const { content } = await sdk().messages.create(params);
    const streamed = await sdk().messages.stream(params).finalMessage();
    const [use] = content;
    const [again] = streamed.content;
    assert(use?.type === 'tool_use' && again?.type === 'tool_use');
    assert.deepEqual(again.input, use.input);
    const result = { type: 'tool_result' as const, tool_use_id: use.id, content: '21 °C' };
    const { content: last } = await sdk().messages.create({
      ...params,
      messages: [
        ...ASK.messages,
        { role: 'assistant', content },
        { role: 'user', content: [result] },
      ],
    });
    assert(last[0]?.type === 'text' && last[0].text.includes('21 °C'));
  });

  test('Anthropic SDK: structured output by a schema', async () => {
    const schema = WEATHER.input_schema;
    const { content } = await sdk().messages.create({
      ...ASK,
      output_config: { format: { type: 'json_schema', schema: { ...schema } } },
    });
    assert(content[0]?.type === 'text');
    assert.deepEqual(JSON.parse(content[0].text), { city: 'simulated' });
  });

  test('Anthropic SDK: thinking, complete and streamed', async () => {
    const params = { ...ASK, thinking: { type: 'adaptive' as const } };
    const { content } = await sdk().messages.create(params);
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text'],
    );
    assert.deepEqual((await sdk().messages.stream(params).finalMessage()).content, content);
  });

  test('Anthropic SDK: an aborted stream ends the call', async () => {
    await api.withFaults([{ kind: 'stream_hang' }], async () => {
      const stream = sdk().messages.stream(ASK);
      stream.on('text', () => stream.abort());
      await assert.rejects(stream.done(), Anthropic.APIUserAbortError);
    });
    const line = await api.service.line((l) => l['outcome'] === 'client_cancelled');
    assert.equal(line['caller'], 'clients');
  });

  test('Anthropic SDK: rate limits, overload and a wrong token are its own error classes', async () => {
    await api.withFaults([{ kind: 'rate_limited', retryAfterS: 600 }], () =>
      assert.rejects(sdk().messages.create(ASK), Anthropic.RateLimitError),
    );
    await api.withFaults([{ kind: 'overloaded' }], () =>
      assert.rejects(sdk().messages.create(ASK), { status: 529 }),
    );
    const refused = sdk('wrong-token').messages.create(ASK);
    await assert.rejects(refused, Anthropic.AuthenticationError);
  });
});

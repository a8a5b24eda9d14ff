/** LangChain JS (`@langchain/anthropic`) through the service: what its own guides show. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChatAnthropic } from '@langchain/anthropic';
import { type AIMessageChunk, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { z } from 'zod';
import { MODEL, TOKEN, useService } from './service.ts';

const weather = tool(async ({ city }) => `21 °C in ${city}`, {
  name: 'weather',
  description: 'The weather in a city',
  schema: z.object({ city: z.string() }),
});

describe('LangChain', { concurrency: false }, () => {
  const api = useService();
  const chat = (part: ConstructorParameters<typeof ChatAnthropic>[0] = {}) =>
    new ChatAnthropic({
      model: MODEL,
      apiKey: TOKEN,
      anthropicApiUrl: api.service.url,
      maxRetries: 0,
      ...(part as object),
    });

  test('LangChain: a complete answer', async () => {
    const answer = await chat().invoke('Hello');
    assert.match(answer.text, /You said: Hello/);
    assert.match(JSON.stringify(answer.usage_metadata), /"output_tokens":[1-9]/);
  });

  test('LangChain: a streamed answer', async () => {
    const parts: string[] = [];
    for await (const { text } of await chat().stream('Hello')) parts.push(text);
    assert(parts.length > 1);
    assert.match(parts.join(''), /You said: Hello/);
  });

  test('LangChain: a tool is used, and its result answered', async () => {
    const model = chat().bindTools([weather]);
    const question = new HumanMessage('Weather?');
    const first = await model.invoke([question]);
    const [call] = first.tool_calls ?? [];
    assert.deepEqual([call?.name, call?.args], ['weather', { city: 'simulated' }]);
    const result = await weather.invoke({ city: 'Rome' });
    const answer = new ToolMessage({ content: result, tool_call_id: call?.id ?? '' });
    const last = await model.invoke([question, first, answer]);
    assert.match(last.text, /21 °C in Rome/);
  });

  test('LangChain: a streamed use of a tool', async () => {
    const model = chat().bindTools([weather]);
    let all: AIMessageChunk | undefined;
    for await (const chunk of await model.stream('Weather?')) all = all?.concat(chunk) ?? chunk;
    assert.deepEqual(all?.tool_calls?.[0]?.args, { city: 'simulated' });
  });

  test('LangChain: structured output by a schema', async () => {
    const schema = z.object({ name: z.string(), size: z.number() });
    const output = await chat().withStructuredOutput(schema).invoke('Describe it');
    assert.deepEqual(output, { name: 'simulated', size: 1 });
  });

  test('LangChain: thinking', async () => {
    const { content } = await chat({
      maxTokens: 4_096,
      thinking: { type: 'enabled', budget_tokens: 1_024 },
    }).invoke('Hello');
    assert(Array.isArray(content));
    assert.deepEqual(
      content.map(({ type }) => type),
      ['thinking', 'text'],
    );
  });

  test('LangChain: an aborted stream ends the call', async () => {
    await api.withFaults([{ kind: 'stream_hang' }], async () => {
      const leave = new AbortController();
      const read = async () => {
        for await (const _ of await chat().stream('Hello', { signal: leave.signal })) leave.abort();
      };
      await assert.rejects(read());
    });
    const line = await api.service.line((l) => l['outcome'] === 'client_cancelled');
    assert.equal(line['caller'], 'clients');
  });

  test('LangChain: an overloaded upstream and a wrong token are errors with their status', async () => {
    await api.withFaults([{ kind: 'overloaded' }], () =>
      assert.rejects(chat().invoke('Hello'), { status: 529 }),
    );
    await assert.rejects(chat({ apiKey: 'wrong-token' }).invoke('Hello'), { status: 401 });
  });
});

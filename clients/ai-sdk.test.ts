/** The AI SDK (`ai`, `@ai-sdk/anthropic`) through the service: what its own guides show. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { APICallError, generateText, isStepCount, Output, streamText, tool } from 'ai';
import { z } from 'zod';
import { MODEL, TOKEN, useService } from './service.ts';

const weather = tool({
  description: 'The weather in a city',
  inputSchema: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) }),
  execute: async ({ city, unit }) => `21 ${unit} in ${city}`,
});

describe('AI SDK', { concurrency: false }, () => {
  const api = useService();
  const model = (apiKey = TOKEN) =>
    createAnthropic({ apiKey, baseURL: `${api.service.url}/v1` })(MODEL);

  test('AI SDK: a complete answer', async () => {
    const { text, usage, finishReason } = await generateText({ model: model(), prompt: 'Hello' });
    assert.match(text, /You said: Hello/);
    assert.equal(finishReason, 'stop');
    assert(usage.inputTokens && usage.outputTokens);
  });

  test('AI SDK: a streamed answer', async () => {
    const { textStream, usage } = streamText({ model: model(), prompt: 'Hello' });
    const parts: string[] = [];
    for await (const part of textStream) parts.push(part);
    assert(parts.length > 1);
    assert.match(parts.join(''), /You said: Hello/);
    assert((await usage).outputTokens);
  });

  test('AI SDK: a tool is used, and its result answered', async () => {
    const { steps, text } = await generateText({
      model: model(),
      prompt: 'Weather?',
      tools: { weather },
      stopWhen: isStepCount(3),
    });
    assert.equal(steps.length, 2);
    assert.match(text, /21 celsius in simulated/);
  });

  test('AI SDK: a streamed use of a tool', async () => {
    const { text } = streamText({
      model: model(),
      prompt: 'Weather?',
      tools: { weather },
      stopWhen: isStepCount(3),
    });
    assert.match(await text, /21 celsius in simulated/);
  });

  test('AI SDK: structured output by a schema', async () => {
    const schema = z.object({ name: z.string(), tags: z.array(z.string()), size: z.number() });
    const { output } = await generateText({
      model: model(),
      prompt: 'Describe it',
      output: Output.object({ schema }),
    });
    assert.deepEqual(output, { name: 'simulated', tags: ['simulated'], size: 1 });
  });

  test('AI SDK: thinking', async () => {
    const { reasoningText } = await generateText({
      model: model(),
      prompt: 'Hello',
      providerOptions: { anthropic: { thinking: { type: 'adaptive' } } },
    });
    assert.match(reasoningText ?? '', /The prompt is short/);
  });

  test('AI SDK: an aborted stream ends the call', async () => {
    await api.withFaults([{ kind: 'stream_hang' }], async () => {
      const leave = new AbortController();
      const { textStream } = streamText({
        model: model(),
        prompt: 'Hello',
        abortSignal: leave.signal,
        onError() {},
      });
      for await (const _ of textStream) leave.abort();
    });
    const line = await api.service.line((l) => l['outcome'] === 'client_cancelled');
    assert.equal(line['caller'], 'clients');
  });

  test('AI SDK: an overloaded upstream and a wrong token are API errors with their status', async () => {
    const failed = (status: number) => (error: unknown) =>
      APICallError.isInstance(error) && error.statusCode === status;
    const ask = (apiKey?: string) =>
      generateText({ model: model(apiKey), prompt: 'Hello', maxRetries: 0 });
    await api.withFaults([{ kind: 'overloaded' }], () => assert.rejects(ask(), failed(529)));
    await assert.rejects(ask('wrong-token'), failed(401));
  });
});

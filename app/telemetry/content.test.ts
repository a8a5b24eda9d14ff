import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputAttributes, outputAttributes } from './content.ts';

const attribute = (attributes: Record<string, unknown>, name: string) =>
  JSON.parse(String(attributes[`gen_ai.${name}`]));

test('inputAttributes: messages and system become parts, and of other blocks only the type is kept', () => {
  const image = { type: 'image', source: { data: 'iVBORw0KGgo' } };
  const body = {
    system: 'Be short.',
    messages: [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'user', content: [image, { type: 'text', text: 'What is it?' }] },
    ],
  };
  const attributes = inputAttributes(JSON.stringify(body));
  assert.deepEqual(attribute(attributes, 'input.messages'), [
    { role: 'user', parts: [{ type: 'text', content: 'Hello' }] },
    { role: 'assistant', parts: [{ type: 'text', content: 'Hi' }] },
    { role: 'user', parts: [{ type: 'image' }, { type: 'text', content: 'What is it?' }] },
  ]);
  assert.deepEqual(attribute(attributes, 'system_instructions'), [
    { type: 'text', content: 'Be short.' },
  ]);
});

test('inputAttributes: long texts are cut, and only the last messages of a long conversation are kept', () => {
  const messages = Array.from({ length: 40 }, (_, i) => ({ role: 'user', content: `${i}` }));
  messages.push({ role: 'user', content: 'x'.repeat(10_000) });
  const input = attribute(inputAttributes(JSON.stringify({ messages })), 'input.messages');
  assert.equal(input.length, 32);
  assert.equal(input.at(-1).parts[0].content.length, 4_097);
});

test('content of any shape is no error', () => {
  for (const content of [null, 5, {}, [null], [5], [{ type: 'text' }]]) {
    assert.doesNotThrow(() => outputAttributes(content));
    assert.doesNotThrow(() => inputAttributes(JSON.stringify({ messages: [{ content }] })));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputAttributes, joined, MAX_ATTRIBUTE_BYTES, outputAttributes } from './content.ts';

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

const MANY = 100_000;
const WORST = '\u0000'.repeat(5_000);
const LARGE: Readonly<Record<string, unknown>> = {
  'many texts': Array(MANY).fill({ type: 'text', text: 'x' }),
  'many long texts': Array(1_000).fill({ type: 'text', text: WORST }),
  'many blocks without text': Array(MANY).fill({ type: 'image' }),
  'many blocks that are none': Array(MANY).fill(null),
  'a long type': [{ type: 'x'.repeat(10 * MANY) }],
  'a long text': WORST.repeat(100),
  'texts beyond ASCII': Array(1_000).fill({ type: 'text', text: '€'.repeat(4_000) }),
};
for (const [name, content] of Object.entries(LARGE)) {
  test(`content with ${name} takes 64 kB an attribute at most, and is JSON`, () => {
    const messages = Array(40).fill({ role: 'user', content });
    const all = [
      inputAttributes(JSON.stringify({ system: content, messages: messages.slice(0, 3) })),
      inputAttributes(JSON.stringify({ messages: [{ role: content, content }] })),
      outputAttributes(content),
    ].flatMap((attributes) => Object.values(attributes));
    for (const value of all) {
      assert(Buffer.byteLength(String(value)) <= MAX_ATTRIBUTE_BYTES, name);
      assert(JSON.parse(String(value)).length > 0, name);
    }
  });
}

test('inputAttributes: where not all messages have room the last ones are kept', () => {
  const messages = Array.from({ length: 32 }, (_, i) => ({ content: `${i} ${'x'.repeat(4_000)}` }));
  const input = attribute(inputAttributes(JSON.stringify({ messages })), 'input.messages');
  assert.match(input.at(-1).parts[0].content, /^31 /);
  assert(input.length > 10);
});

test('joined: of a long stream no more is kept than is shown', () => {
  let text = '';
  for (let i = 0; i < 1_000; i++) text = joined(text, 'x'.repeat(1_000));
  text = joined(text, 'x'.repeat(10_000_000));
  assert(text.length < 10_000, `${text.length}`);
  assert.equal(joined('a', 'b'), 'ab');
  assert.equal(
    attribute(outputAttributes(text), 'output.messages')[0].parts[0].content.length,
    4_097,
  );
});

test('content of any shape is no error', () => {
  for (const content of [null, 5, {}, [null], [5], [{ type: 'text' }]]) {
    assert.doesNotThrow(() => outputAttributes(content));
    assert.doesNotThrow(() => inputAttributes(JSON.stringify({ messages: [{ content }] })));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimatedTokens, generatedLength } from './generated-text.ts';

const delta = (delta: object, space?: number) =>
  JSON.stringify({ type: 'content_block_delta', index: 0, delta }, null, space);
const text = (text: string) => delta({ type: 'text_delta', text });

const TEXTS = [
  '',
  'Hello',
  'two\nlines\t"quoted" \\ and a slash /',
  '":"',
  '"text":"',
  'ends with ":',
  '{"text":"a"}',
  '\\',
  '\\\\"',
  '\u0001\u001f',
  'naïve 日本語 😀',
  '\ud83d',
];
for (const written of TEXTS) {
  test(`generatedLength: ${JSON.stringify(written)} is measured exactly, as text, thinking and tool input`, () => {
    assert.equal(generatedLength(text(written)), written.length);
    const thinking = delta({ type: 'thinking_delta', thinking: written });
    assert.equal(generatedLength(thinking), written.length);
    const tool = delta({ type: 'input_json_delta', partial_json: written });
    assert.equal(generatedLength(tool), written.length);
  });
}

test('generatedLength: other orders, spaces and padding are measured too', () => {
  assert.equal(generatedLength(delta({ text: 'Hello', type: 'text_delta' })), 5);
  assert.equal(generatedLength(delta({ type: 'text_delta', text: 'He said "a:b"' }, 2)), 13);
  assert.equal(generatedLength(`${text('Hello').slice(0, -1)}      }`), 5);
});

test('generatedLength: signatures, citations and what cannot be read are no output', () => {
  const signature = 'c2lnbmF0dXJl'.repeat(99);
  assert.equal(generatedLength(delta({ type: 'signature_delta', signature })), 0);
  const citation = { type: 'char_location', cited_text: 'x', document_title: 'y' };
  assert.equal(generatedLength(delta({ type: 'citations_delta', citation })), 0);
  for (const data of [
    '',
    '{',
    'null',
    '[]',
    '"text":"',
    '{"delta":null}',
    '{"delta":{"text":7}}',
  ]) {
    assert.equal(generatedLength(data), 0, data);
  }
});

test('estimatedTokens: a thousand tokens for 2,500 characters, as the documentation says', () => {
  assert.equal(estimatedTokens(2_500), 1_000);
  assert.equal(estimatedTokens(1), 1);
  assert.equal(estimatedTokens(0), 0);
});

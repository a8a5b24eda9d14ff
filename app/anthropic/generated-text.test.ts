import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimatedTokens, generatedLength, omittedThinking } from './generated-text.ts';

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

for (const written of TEXTS) {
  test(`generatedLength: members behind the text ${JSON.stringify(written)} are not counted`, () => {
    const parts = [
      { type: 'text_delta', text: written, citations: null },
      { type: 'thinking_delta', thinking: written, estimated_tokens: null },
      { type: 'thinking_delta', thinking: written, estimated_tokens: 150 },
      { type: 'input_json_delta', partial_json: written, more: [{ deep: '"' }], last: 'x":"y' },
    ];
    for (const part of parts) {
      const behind = JSON.stringify({ type: 'content_block_delta', delta: part, index: 0 });
      assert.equal(generatedLength(behind), written.length, behind);
      assert.equal(generatedLength(delta(part)), written.length);
      const named = JSON.stringify({ delta: part, index: 0, type: 'content_block_delta' });
      assert.equal(generatedLength(named), written.length, named);
    }
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
  for (const citation of [
    { type: 'char_location', cited_text: 'x', document_title: 'y' },
    { type: 'something_new', text: 'a text that was cited' },
  ]) {
    assert.equal(generatedLength(delta({ type: 'citations_delta', citation })), 0);
  }
  for (const data of [
    '',
    '{',
    'null',
    '[]',
    '"text":"',
    '{"delta":null}',
    '{"delta":{"type":"text_delta","text":"cut',
    '{"delta":{"type":"text_delta","text":"cut\\"',
    '{"delta":{"text":7}}',
  ]) {
    assert.equal(generatedLength(data), 0, data);
  }
});

test('omittedThinking: what the API says of thinking that it does not send, and nothing else', () => {
  const hint = (estimated_tokens: unknown) =>
    omittedThinking(delta({ type: 'thinking_delta', thinking: '', estimated_tokens }));
  assert.equal(hint(150), 150);
  assert.equal(hint(10_000_000), 10_000_000);
  for (const none of [null, 0, undefined, '150', -1, 1.5, 10_000_001, [150], {}]) {
    assert.equal(hint(none), 0, String(none));
  }
  assert.equal(omittedThinking(delta({ type: 'signature_delta', signature: 'x' })), 0);
  for (const data of ['', '{"estimated_tokens":1', '{"estimated_tokens":1}', 'null']) {
    assert.equal(omittedThinking(data), 0, data);
  }
});

test('estimatedTokens: a thousand tokens for 2,500 characters, as the documentation says', () => {
  assert.equal(estimatedTokens(2_500), 1_000);
  assert.equal(estimatedTokens(1), 1);
  assert.equal(estimatedTokens(0), 0);
});

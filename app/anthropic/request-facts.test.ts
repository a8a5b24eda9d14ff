import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequestFacts } from './request-facts.ts';

/** What was found, without the fields that were not. */
const read = (body: object) => JSON.parse(JSON.stringify(readRequestFacts({ ...body })));

test('readRequestFacts: what a request asks for, and for whom', () => {
  const body = {
    max_tokens: 1024,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    output_config: { effort: 'xhigh', format: { type: 'json_schema', schema: {} } },
    thinking: { type: 'enabled', budget_tokens: 5 },
    service_tier: 'standard_only',
    metadata: { user_id: 'user_0a1b_account__session_2c3d' },
  };
  assert.deepEqual(read(body), {
    maxTokens: 1024,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    effort: 'xhigh',
    wantsJson: true,
    thinking: 'enabled',
    serviceTier: 'standard_only',
    userId: 'user_0a1b_account__session_2c3d',
  });
});

test('readRequestFacts: the earlier name of a format counts too', () => {
  assert.deepEqual(read({ output_format: { type: 'json_schema' } }), { wantsJson: true });
});

const NOTHING: readonly object[] = [
  {},
  { max_tokens: '64', temperature: '1', top_p: null, top_k: 1.5 },
  { temperature: JSON.parse('1e999'), max_tokens: 1e300 },
  { output_config: null, thinking: 'on', service_tier: 5, metadata: null },
  { output_config: [], thinking: { type: 1 }, metadata: 'user' },
  { output_config: { effort: 'x'.repeat(33), format: 'json_schema' } },
  { metadata: { user_id: '' } },
  { metadata: { user_id: null } },
  { metadata: { user_id: { name: 'x' } } },
  { metadata: { user_id: 'x'.repeat(513) } },
  { metadata: { user_id: 'a\nb' } },
  { metadata: { user_id: 'a\u0000b' } },
  { metadata: { user_id: 'a\u009bb' } },
  { metadata: { user_id: 'a\u2028b' } },
  { metadata: { user_id: 'a\u2029b' } },
  { metadata: { user_id: 'a\u202eb' } },
  { metadata: { user_id: 'a\ud83d' } },
  { metadata: { user_id: '\ude00b' } },
  { service_tier: 'a\u2028b', thinking: { type: '\ud800' }, output_config: { effort: '\u2029' } },
];
for (const body of NOTHING) {
  test(`readRequestFacts: nothing is read of ${JSON.stringify(body).slice(0, 80)}`, () => {
    assert.deepEqual(read(body), {});
  });
}

test('readRequestFacts: a user ID of 512 characters is kept whole', () => {
  for (const user_id of ['ü'.repeat(512), '😀'.repeat(256)])
    assert.equal(readRequestFacts({ metadata: { user_id } }).userId, user_id);
});

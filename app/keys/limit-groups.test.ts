import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLimitGroups } from './limit-groups.ts';

const CONFIGURED = ['claude-opus-5-5', 'claude-opus-4-8', 'claude-haiku-4-5', 'claude-nova-6'];
const limitUseOf = createLimitGroups(CONFIGURED);
const chat = (model: string, fast = false) => limitUseOf({ operation: 'chat', model, fast });

/** Models of one row share a limit, and no two rows do. */
const ROWS: readonly [label: string, ...models: string[]][] = [
  ['other', 'claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2'],
  ['claude-opus-5-5', 'claude-opus-5-5', 'eu.anthropic.claude-opus-5-5-20261001-v1:0'],
  ['other', 'claude-opus-5', 'claude-opus-5-20260601', 'claude-opus-5@20260601'],
  [
    'claude-opus-4-x',
    'claude-opus-4-8',
    'claude-opus-4-7',
    'claude-opus-4-6-20260205',
    'claude-opus-4-5-latest',
  ],
  ['other', 'claude-sonnet-5-5'],
  ['other', 'claude-sonnet-5'],
  ['other', 'claude-sonnet-4-6', 'claude-sonnet-4-5-20250929'],
  ['other', 'claude-haiku-5-5'],
  ['claude-haiku-4-5', 'claude-haiku-4-5', 'claude-haiku-4-5-20251001'],
  ['other', 'claude-haiku-3-5', 'claude-3-5-haiku-20241022'],
  ['claude-nova-6', 'claude-nova-6', 'claude-nova-6-20270101'],
  ['other', 'claude-opus-4-99', 'claude-opus-4', 'claude-nova-7', 'constructor', '__proto__', ''],
];
for (const [label, first = '', ...rest] of ROWS) {
  test(`limit groups: ${first} is limited with ${rest.join(', ') || 'no other'}, as ${label}`, () => {
    assert.equal(chat(first).own.label, label);
    for (const model of rest) assert.equal(chat(model), chat(first), model);
    const others = ROWS.filter((row) => row[1] !== first);
    for (const [, model = ''] of others) assert.notEqual(chat(model).own, chat(first).own, model);
  });
}

test('limit groups: fast mode has limits of its own, and an answer reports both', () => {
  const [standard, fast] = [chat('claude-opus-5-5'), chat('claude-opus-5-5', true)];
  assert.deepEqual(fast.own, { label: 'claude-opus-5-5-fast', headers: 'anthropic-fast' });
  assert.deepEqual(standard.reported, [standard.own, fast.own]);
  assert.deepEqual(fast.reported, [standard.own, fast.own]);
  assert.equal(chat('claude-invented', true).own.label, 'other-fast');
});

test('limit groups: counting, batches and lists of models have limits of their own, whatever their model', () => {
  for (const operation of ['count_tokens', 'batches', 'models'] as const) {
    const { own, reported } = limitUseOf({ operation, model: 'claude-opus-5-5' });
    assert.deepEqual(own, { label: operation, headers: 'anthropic-ratelimit' });
    assert.deepEqual(reported, [own]);
    assert.equal(limitUseOf({ operation, model: '', fast: true }).own, own);
  }
});

test('limit groups: the upstream’s own name for a model decides, unless it says nothing', () => {
  const asked = { operation: 'chat', model: 'claude-opus-5-5' } as const;
  assert.equal(limitUseOf(asked, 'claude-haiku-4-5'), chat('claude-haiku-4-5'));
  assert.equal(limitUseOf(asked, 'my-deployment'), chat('claude-opus-5-5'));
  assert.equal(limitUseOf({ ...asked, model: 'm' }, 'my-deployment'), chat('m'));
});

test('limit groups: a hundred thousand invented names are of one group', () => {
  const groups = new Set(
    Array.from({ length: 100_000 }, (_, i) => chat(`claude-opus-${i + 6}`).own),
  );
  assert.equal(groups.size, 1);
});

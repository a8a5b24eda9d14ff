import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelFamilies } from './model-labels.ts';

const familyOf = createModelFamilies(['claude-opus-5', 'claude-opus-5-5', 'claude-old-20250101']);

const ROWS: readonly [name: string, family: string | undefined][] = [
  ['claude-opus-5', 'claude-opus-5'],
  ['claude-opus-5-5', 'claude-opus-5-5'],
  ['claude-opus-5-20261001', 'claude-opus-5'],
  ['claude-opus-5-5-20261001', 'claude-opus-5-5'],
  ['claude-opus-5-5@20261001', 'claude-opus-5-5'],
  ['claude-opus-5-5-latest', 'claude-opus-5-5'],
  ['anthropic.claude-opus-5-5-20261001-v1:0', 'claude-opus-5-5'],
  ['eu.anthropic.claude-opus-5-5-20261001-v1:0', 'claude-opus-5-5'],
  ['global.anthropic.claude-opus-5-v1', 'claude-opus-5'],
  ['anthropic/claude-opus-5', 'claude-opus-5'],
  ['claude-old-20250101', 'claude-old-20250101'],
  ['claude-old', undefined],
  ['claude-opus-5-5-5', undefined],
  ['claude-opus-5-6', undefined],
  ['claude-opus-5-fast', undefined],
  ['claude-opus-5-99999999', undefined],
  ['claude-opus-5-20261001-20261001', undefined],
  ['claude-opus-5-2026100', undefined],
  ['my.claude-opus-5', undefined],
  ['x-claude-opus-5', undefined],
  ['Claude-Opus-5', undefined],
  ['constructor', undefined],
  ['', undefined],
  [`claude-opus-5${'-20261001'.repeat(1_000)}`, undefined],
];
for (const [name, family] of ROWS) {
  test(`model family: ${name.slice(0, 60) || 'no name'} is ${family ?? 'of no configured model'}`, () => {
    assert.equal(familyOf(name), family);
  });
}

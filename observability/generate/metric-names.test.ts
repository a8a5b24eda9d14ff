/** A metric or label that vanishes without an announcement stops the generation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unannounced, unreleasedBullets } from './metric-names.ts';

const CHANGELOG = `# Changelog

## [Unreleased]

### Changed

- \`gen_ai.client.token.usage\` is gone; counters have taken
  its place.
- The label \`family\` of \`claude_rest_remaining\` is \`limit\` now.

## [0.1.0]

- \`claude_old_total\` is gone.
`;
const bullets = unreleasedBullets(CHANGELOG);
const gone = (before: Record<string, string[]>, after: Record<string, string[]>) =>
  unannounced(before, after, bullets);

test('unannounced: a metric that is gone is reported', () => {
  assert.deepEqual(gone({ claude_x_total: ['a'], up: [] }, { up: [] }), ['claude_x_total']);
});

test('unannounced: a label that is gone or renamed is reported with its metric', () => {
  assert.deepEqual(gone({ up: ['job', 'old'] }, { up: ['job', 'new'] }), ['up{old}']);
});

test('unannounced: new metrics and labels need no announcement here', () => {
  assert.deepEqual(gone({ up: ['job'] }, { up: ['job', 'zone'], more: [] }), []);
});

test('unannounced: a bullet of the unreleased part announces a metric, in either spelling of its name', () => {
  assert.deepEqual(gone({ gen_ai_client_token_usage: [] }, {}), []);
});

test('unannounced: a bullet announces a label only with its metric', () => {
  assert.deepEqual(gone({ claude_rest_remaining: ['family'] }, { claude_rest_remaining: [] }), []);
  assert.deepEqual(gone({ claude_rest_max: ['family'] }, { claude_rest_max: [] }), [
    'claude_rest_max{family}',
  ]);
});

test('unannounced: an older release announces nothing, nor does a longer name', () => {
  assert.deepEqual(gone({ claude_old_total: [] }, {}), ['claude_old_total']);
  assert.deepEqual(gone({ claude_rest: [] }, {}), ['claude_rest']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asTraceId } from './correlation.ts';

const UUID = '0B5A3F6E-8d1c-4f0a-9c39-2a1f6f1f0a11';

test('asTraceId: folds case, drops dashes, and accepts no zeros and no other length', () => {
  assert.equal(asTraceId(UUID), '0b5a3f6e8d1c4f0a9c392a1f6f1f0a11');
  assert.equal(asTraceId('0'.repeat(32)), undefined);
  assert.equal(asTraceId(`${UUID}0`), undefined);
});

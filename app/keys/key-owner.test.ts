import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyOwner, ownerLabels } from './key-owner.ts';

const LABELS: readonly [owner: KeyOwner, upstream: string, caller: string][] = [
  [{ purpose: 'call', upstream: 'eu' }, 'eu', 'shared'],
  [{ purpose: 'call', upstream: 'eu', caller: 'search' }, 'eu', 'search'],
  [{ purpose: 'sign', upstream: 'eu' }, 'eu', 'signing'],
  [{ purpose: 'verify', caller: 'search' }, 'signing', 'search'],
];
for (const [owner, upstream, caller] of LABELS) {
  test(`key owner: keys to ${owner.purpose} are labelled ${upstream}, ${caller}`, () => {
    assert.deepEqual(ownerLabels(owner), { upstream, caller });
  });
}

/** Every pair is of two subjects that exist, and is measured once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUBJECTS } from '../subjects.ts';
import { PAIRS } from './pairs.ts';

test('pairs: each is of two subjects that there are, and stands once', () => {
  const names = SUBJECTS.map(({ name }) => name);
  for (const pair of PAIRS) for (const name of pair) assert(names.includes(name), name);
  assert.equal(new Set(PAIRS.map((pair) => pair.join(' '))).size, PAIRS.length);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joined } from './joined.ts';

test('joined: the list is the same one until a part of it changes', () => {
  let parts: string[][] = [['a'], ['b', 'c']];
  const read = joined(
    () => parts,
    (text) => text.toUpperCase(),
  );
  const first = read();
  assert.deepEqual(first, ['A', 'B', 'C']);
  parts = [...parts];
  assert.equal(read(), first);
  parts = [parts[0] ?? [], ['d']];
  assert.deepEqual(read(), ['A', 'D']);
  parts = [['a']];
  assert.deepEqual(read(), ['A']);
});

/** UUIDs from bytes: version and variant are set, the other bits are kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidFrom } from './uuid.ts';

test('bits of version 4 in an all-zero and an all-one input', () => {
  assert.equal(uuidFrom(new Uint8Array(16)), '00000000-0000-4000-8000-000000000000');
  assert.equal(uuidFrom(new Uint8Array(16).fill(255)), 'ffffffff-ffff-4fff-bfff-ffffffffffff');
});

test('every byte stands in its place', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => index);
  assert.equal(uuidFrom(bytes), '00010203-0405-4607-8809-0a0b0c0d0e0f');
});

test('another number of bytes is an error, not a short ID', () => {
  assert.throws(() => uuidFrom(new Uint8Array(15)), RangeError);
  assert.throws(() => uuidFrom(new Uint8Array(17)), RangeError);
});

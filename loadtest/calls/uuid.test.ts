/** UUIDs from random bytes: version and variant are set, all other bits are kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidFrom } from './uuid.ts';

test('uuidFrom: sets version and variant in an all-zero and an all-one input', () => {
  assert.equal(uuidFrom(new Uint8Array(16)), '00000000-0000-4000-8000-000000000000');
  assert.equal(uuidFrom(new Uint8Array(16).fill(255)), 'ffffffff-ffff-4fff-bfff-ffffffffffff');
});

test('uuidFrom: keeps every byte in its place', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => index);
  assert.equal(uuidFrom(bytes), '00010203-0405-4607-8809-0a0b0c0d0e0f');
});

test('uuidFrom: another number of bytes than 16 is an error', () => {
  assert.throws(() => uuidFrom(new Uint8Array(15)), RangeError);
  assert.throws(() => uuidFrom(new Uint8Array(17)), RangeError);
});

/** Reads of memory wait for each other only where they follow one cycle through all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomCycle, readLatencyNs } from './memory.ts';

test('randomCycle: it comes through every place once before it is back, and in no order', () => {
  const next = randomCycle(1_000);
  const places = new Set<number>();
  for (let at = next[0] as number; !places.has(at); at = next[at] as number) places.add(at);
  assert.equal(places.size, 1_000);
  assert([...next].filter((place, i) => place === i + 1).length < 100);
});

test('readLatencyNs: it is a number above zero', () => {
  assert(readLatencyNs() > 0);
});

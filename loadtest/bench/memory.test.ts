/** The latency of memory is that of reads that wait for each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLatencyNs } from './memory.ts';

test('readLatencyNs: a read that waits for the one before it takes longer than one clock cycle', () => {
  const ns = readLatencyNs();
  assert(ns > 0.5 && Number.isFinite(ns), `${ns} ns`);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { test } from 'node:test';
import { measuredInstruments } from '../testing/metrics.ts';
import { observeProcess, type ProcessSources } from './process-gauges.ts';

const GIB = 1024 ** 3;
const SOURCES: ProcessSources = {
  startedAtMs: 1_764_000_000_500,
  residentMemory: () => 123,
  constrainedMemory: () => 0,
  totalMemory: () => 8 * GIB,
};

const LIMITS: readonly [name: string, constrained: number, limit: number][] = [
  ['of its container', 2 * GIB, 2 * GIB],
  ['of the machine where there is no container', 0, 8 * GIB],
  ['of the machine where the container has none, as cgroup 1 says it', 2 ** 63, 8 * GIB],
];
for (const [name, constrained, limit] of LIMITS) {
  test(`observeProcess: the memory limit is that ${name}`, async (t) => {
    const { instruments, points } = measuredInstruments(t);
    observeProcess(instruments, { ...SOURCES, constrainedMemory: () => constrained });
    const [point] = await points('claude_memory_limit_bytes');
    assert.equal(point?.value, limit);
  });
}

test('observeProcess: the start is in seconds, and memory is read anew at each scrape', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  let bytes = 100;
  observeProcess(instruments, { ...SOURCES, residentMemory: () => bytes });
  const read = async (name: string) => (await points(name))[0]?.value;
  assert.equal(await read('process_start_time_seconds'), 1_764_000_000.5);
  assert.equal(await read('process_resident_memory_bytes'), 100);
  bytes = 200;
  assert.equal(await read('process_resident_memory_bytes'), 200);
});

test('observeProcess: what it says of this process is what the kernel says', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  observeProcess(instruments);
  const read = async (name: string) => Number((await points(name))[0]?.value);
  const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]);
  const resident = await read('process_resident_memory_bytes');
  assert(Math.abs(resident / (pages * 4_096) - 1) < 0.5, `${resident} bytes, ${pages} pages`);
  const limit = await read('claude_memory_limit_bytes');
  assert(limit > resident && limit <= totalmem());
  const age = Date.now() / 1_000 - (await read('process_start_time_seconds'));
  assert(Math.abs(age - process.uptime()) < 60, `${age} s`);
});

/** The driver's view of itself begins with what counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { OwnHealth } from './own-health.ts';

const BLOCKED_MS = 400;

/** Keeps the event loop from everything else, and gives its timers a chance before and after. */
async function block(): Promise<void> {
  await delay(20);
  const untilMs = performance.now() + BLOCKED_MS;
  while (performance.now() < untilMs);
  await delay(20);
}

test('OwnHealth: a process that was blocked before the watch is not late, and one that was within it is', async () => {
  const [never, later, within] = [new OwnHealth(), new OwnHealth(), new OwnHealth()];
  within.watch();
  await block();
  later.watch();
  within.watch();
  await delay(20);
  assert.deepEqual(never.end(), { delayP99Ms: 0, delayMaxMs: 0, utilization: 0 });
  const seen = within.end();
  assert(seen.delayMaxMs > BLOCKED_MS / 2, `${seen.delayMaxMs} ms`);
  assert(later.end().delayMaxMs < seen.delayMaxMs);
});

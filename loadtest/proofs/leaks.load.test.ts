/** Thousands of calls with cancels and faults leave nothing behind: no timer, listener, signal or socket. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTwoRegions } from '../lib/service-under-test.ts';
import { INSPECTED, inspect } from '../soak/inspector.ts';
import { mixedLoad, untilAtRest } from '../soak/mixed-load.ts';

const CALLS = 5_000;
const KEEP_ALIVE_MS = 200;

test('after bad weather the service holds what it held before', async (t) => {
  const { simulator, service, stop } = await startTwoRegions({
    ...INSPECTED,
    FIRST_EVENT_TIMEOUT_MS: '200',
    ATTEMPT_TIMEOUT_MS: '200',
    IDLE_TIMEOUT_MS: '200',
    RETRY_BASE_MS: '5',
    BREAKER_OPEN_MS: '100',
    BREAKER_RAMP_MS: '100',
    KEEP_ALIVE_MS: String(KEEP_ALIVE_MS),
  });
  const inspector = await inspect(service.errors());
  t.after(async () => {
    // A process that is looked into waits for that to end before it ends itself.
    inspector.close();
    await stop();
  });
  const after = async (calls: number) => {
    const more = (begun: number) => begun < calls;
    await mixedLoad({ url: service.url, simulator, callers: 20, more, faultMs: 100 });
    await untilAtRest(KEEP_ALIVE_MS);
    return inspector.holdings();
  };
  const before = await after(CALLS / 5);
  const held = await after(CALLS);
  t.diagnostic(JSON.stringify({ before, held }));
  assert.equal(held.sockets, before.sockets);
  assert.equal(held.timers, before.timers);
  // One a call, or one in a hundred, would be thousands or dozens.
  assert(held.signals <= before.signals + 5, `${held.signals} signals, before ${before.signals}`);
  assert(held.listeners <= before.listeners + 10, `${held.listeners}, before ${before.listeners}`);
});

/** Proves that calls with cancels and faults leave no timer, listener, signal or socket behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTINGS, startServiceUnderTest, TUNINGS, twoRegions } from '../lib/service-under-test.ts';
import { INSPECTED, inspect } from '../soak/inspector.ts';
import { mixedLoad, untilAtRest } from '../soak/mixed-load.ts';

const CALLS = 5_000;

test('leaks: after thousands of faults and cancels the service holds no more than before', async (t) => {
  const { simulator, service, stop } = await startServiceUnderTest(
    (url) => ({ ...twoRegions(url), ...SETTINGS.leaks, ...INSPECTED }),
    { tuning: TUNINGS.leaks },
  );
  const inspector = await inspect(service.errors());
  t.after(async () => {
    // The service does not exit while an inspector is connected.
    inspector.close();
    await stop();
  });
  const heldAfter = async (calls: number) => {
    await mixedLoad({ url: service.url, simulator, concurrency: 20, calls, faultMs: 100 });
    await untilAtRest(TUNINGS.leaks.pool.keepAliveMs);
    return inspector.holdings();
  };
  const before = await heldAfter(CALLS / 5);
  const held = await heldAfter(CALLS);
  t.diagnostic(JSON.stringify({ before, held }));
  assert.equal(held.sockets, before.sockets);
  assert.equal(held.timers, before.timers);
  // A leak of one per call, or per hundred calls, would show as thousands or as dozens.
  assert(held.signals <= before.signals + 5, `${held.signals} signals, before ${before.signals}`);
  assert(held.listeners <= before.listeners + 10, `${held.listeners}, before ${before.listeners}`);
});

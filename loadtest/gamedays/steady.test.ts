/** No fault comes before nothing is wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { World } from './game-day.ts';
import type { Sighting } from './sightings.ts';
import { untilSteady } from './steady.ts';

const active = (alertname: string): Sighting => ({
  key: alertname,
  labels: { alertname },
  isActive: true,
  periods: [],
  told: [],
  silencers: [],
  routes: new Set<string>(),
});
const inAMinute = () => new Date(Date.now() + 60_000).toISOString();
const receiver = (watchdogAt: () => string | undefined) =>
  ({ receiver: { watchdogAt } }) as unknown as World;
const limits = { limitMs: 300, steadyMs: 100 };

test('untilSteady: an alert that is active ends the wait with its name', async () => {
  const watch = { sightings: () => [active('KeyRejected')] };
  await assert.rejects(untilSteady(receiver(inAMinute), watch, limits), {
    message: 'no steady state: KeyRejected is active, the watchdog is heard',
  });
});

test('untilSteady: a Watchdog that was only heard before does not count', async () => {
  const old = receiver(() => new Date(0).toISOString());
  await assert.rejects(untilSteady(old, { sightings: () => [] }, limits), {
    message: 'no steady state: nothing is active, the watchdog is not heard',
  });
});

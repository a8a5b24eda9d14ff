/** The steady state before a fault: calls succeed, nothing fires, and the way to people is open. */
import type { World } from './game-day.ts';
import { nameOf } from './sightings.ts';
import { comesTrue } from './wait.ts';
import type { AlertWatch } from './watch.ts';

/** The stack did not come to rest before the fault: the rules are wrong, or this machine was too busy. */
export class NotSteady extends Error {}

/** How long it may take, and for how long no alert may be active before the fault comes. */
const LIMITS = { limitMs: 90_000, steadyMs: 5_000 };

/**
 * Waits until nothing fires or is about to: Prometheus takes some seconds to find its targets again, too.
 * @throws {NotSteady} when something does before there is a fault
 */
export async function untilSteady(
  { receiver }: Pick<World, 'receiver'>,
  watch: Pick<AlertWatch, 'sightings'>,
  { limitMs, steadyMs } = LIMITS,
): Promise<void> {
  const active = () =>
    watch
      .sightings()
      .filter((seen) => seen.isActive)
      .map(nameOf);
  const startedAt = new Date().toISOString();
  // The Prometheus before the history was laid in beat too.
  const beats = () => (receiver.watchdogAt() ?? '') > startedAt;
  let quietSinceMs = performance.now();
  const isSteady = await comesTrue(limitMs, () => {
    if (active().length > 0 || !beats()) quietSinceMs = performance.now();
    return performance.now() - quietSinceMs > steadyMs;
  });
  if (isSteady) return;
  const watchdog = beats() ? 'heard' : 'not heard';
  const names = active().join(', ') || 'nothing';
  throw new NotSteady(`no steady state: ${names} is active, the watchdog is ${watchdog}`);
}

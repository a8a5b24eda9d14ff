/** The steady state before a fault: calls succeed, nothing fires, and the way to people is open. */
import type { World } from './game-day.ts';
import { within } from './wait.ts';
import type { AlertWatch } from './watch.ts';

const LIMIT_MS = 90_000;
/** No alert may be active for so long before the fault comes. */
const STEADY_MS = 5_000;

/**
 * Waits until nothing fires or is about to: Prometheus takes some seconds to find its targets again, too.
 * @throws {Error} when something does before there is a fault
 */
export async function untilSteady({ receiver }: World, watch: AlertWatch): Promise<void> {
  const active = () =>
    [...watch.sightings()].filter(([, seen]) => seen.isActive).map(([alert]) => alert);
  const startedAt = new Date().toISOString();
  // The Prometheus before the history was laid in beat too.
  const beats = () => (receiver.watchdogAt() ?? '') > startedAt;
  let quietSinceMs = performance.now();
  const isSteady = await within(LIMIT_MS, () => {
    if (active().length > 0 || !beats()) quietSinceMs = performance.now();
    return performance.now() - quietSinceMs > STEADY_MS;
  });
  if (isSteady) return;
  const watchdog = beats() ? 'heard' : 'not heard';
  const names = active().join(', ') || 'nothing';
  throw new Error(`no steady state: ${names} is active, the watchdog is ${watchdog}`);
}

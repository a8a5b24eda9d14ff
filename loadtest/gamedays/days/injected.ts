/** What several game days share: faults of the simulator, and alerts that follow from most outages. */
import type { Fault } from '../../simulator/faults.ts';
import type { Companion, GameDay } from '../game-day.ts';

/** The two halves of a game day whose fault the simulator injects. */
export function injected(...faults: readonly Fault[]): Pick<GameDay, 'on' | 'off'> {
  return {
    on: ({ simulator }) => simulator.setFaults(faults),
    off: ({ simulator }) => simulator.setFaults([]),
  };
}

/** A fault of the simulator that happens to a few calls all the time, and to many while it is on. */
export function risen(few: Fault, many: Fault): Pick<GameDay, 'background' | 'on' | 'off'> {
  return {
    background: [few],
    on: ({ simulator }) => simulator.setFaults([many]),
    off: ({ simulator }) => simulator.setFaults([few]),
  };
}

/** @returns companions with one reason */
export function mayFire(because: string, ...alerts: readonly string[]): Companion[] {
  return alerts.map((alert) => ({ alert, because }));
}

/** They look at hours and days, so whether they fire depends on how long the fault lasted. */
export const AFTER_AN_OUTAGE = mayFire(
  'it speaks of the last hours and days, and fires if the outage lasts long enough',
  'ClaudeAvailabilityBurnSlow',
  'ClaudeAvailabilityBurnTrickle',
  'ClaudeFailuresAtLowTraffic',
);

/** Over a minute of failures is over an hour of three days. */
export const LASTING = mayFire(
  'the fault lasts for over an hour of its three days',
  ...['Availability', 'Latency', 'FirstToken', 'Overhead'].map(
    (name) => `Claude${name}BurnTrickle`,
  ),
);

/** Calls that fail or wait. */
export const SLOW_TOO = mayFire(
  'calls that wait are slow too',
  'ClaudeP99Latency',
  ...['Latency', 'FirstToken'].flatMap((objective) =>
    ['Fast', 'Medium', 'Slow'].map((speed) => `Claude${objective}Burn${speed}`),
  ),
);

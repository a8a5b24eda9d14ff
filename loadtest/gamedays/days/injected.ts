/** What several game days share: faults of the simulator, and alerts that follow from most outages. */
import type { Fault } from '../../simulator/faults.ts';
import type { Companion, GameDay } from '../game-day.ts';
import { burns } from './expectations.ts';

/** A game day whose fault the simulator injects. */
export function injected(...faults: readonly Fault[]): Pick<GameDay, 'faults' | 'on'> {
  return {
    faults,
    on({ simulator }) {
      simulator.setFaults(faults);
      return () => simulator.setFaults([]);
    },
  };
}

/** A fault of the simulator that happens to a few calls all the time, and to many while it is on. */
export function risen(few: Fault, many: Fault): Pick<GameDay, 'background' | 'faults' | 'on'> {
  return {
    faults: [many],
    background: [few],
    on({ simulator }) {
      simulator.setFaults([many]);
      return () => simulator.setFaults([few]);
    },
  };
}

/** @returns companions with one reason */
export function mayFire(because: string, ...alerts: readonly string[]): Companion[] {
  return alerts.map((alert) => ({ alert, because }));
}

/** @returns the same of alerts that may wake somebody */
export function mayPage(because: string, ...alerts: readonly string[]): Companion[] {
  return mayFire(because, ...alerts).map((companion) => ({ ...companion, pages: true }));
}

/** @returns the companions but for those with these names */
export function without(companions: readonly Companion[], ...names: readonly string[]) {
  return companions.filter(({ alert }) => !names.includes(alert));
}

/** They look at hours and days, so whether they fire depends on how long the fault lasted. */
export const AFTER_AN_OUTAGE = mayFire(
  'it speaks of the last hours and days, and fires if the outage lasts long enough',
  ...burns('availability', 'Slow', 'Trickle'),
  'ClaudeFailuresAtLowTraffic',
);

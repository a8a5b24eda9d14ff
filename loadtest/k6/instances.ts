/** The share of one k6 among several that make the load together, as k6-operator runs them. */
import { METRIC } from '../scenarios/metrics.ts';
import {
  callsIn,
  countedPhases,
  type LoadScenario,
  type Threshold,
} from '../scenarios/scenario.ts';
import { callsNeeded } from '../scenarios/thresholds.ts';

const MAX_INSTANCES = 1000;

/**
 * k6 divides rates and virtual users itself, but each instance judges thresholds by its own calls alone. So the
 * numbers of calls are divided too. Only one instance switches the faults, so none can demand to have done so.
 * @param instances INSTANCES, how many there are; absent or empty is 1
 * @throws {Error} if it is no whole number from 1 to 1,000, or leaves an instance too few calls to judge
 */
export function instanceOf(scenario: LoadScenario, instances: string | undefined): LoadScenario {
  const count = /^\d{1,4}$/.test(instances || '1') ? Number(instances || '1') : 0;
  if (count < 1 || count > MAX_INSTANCES) {
    throw new Error(`INSTANCES: must be a whole number from 1 to ${MAX_INSTANCES}`);
  }
  if (count === 1) return scenario;
  const fewest = Math.floor(Math.min(...countedPhases(scenario).map(callsIn)) / count);
  const needed = callsNeeded(scenario);
  if (fewest < needed) {
    const found = `${fewest} calls of a phase for each of ${count} are too few`;
    throw new Error(`INSTANCES: ${found}, ${needed} are needed; raise RATE or DURATION`);
  }
  const thresholds = scenario.thresholds
    .filter(({ metric }) => metric !== METRIC.faultChanges)
    .map((threshold) => (threshold.aggregate === 'count' ? divided(threshold, count) : threshold));
  return { ...scenario, thresholds, instances: count };
}

function divided(threshold: Threshold, count: number): Threshold {
  return { ...threshold, limit: Math.floor(threshold.limit / count) };
}

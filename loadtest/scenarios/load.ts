/**
 * Load: does the service keep both targets at the rate that it is expected to bear? Minutes of a steady rate, which
 * you set to your busiest hour. Read the P99 beside the P50: where only the P99 is high, a few calls wait for
 * something (connections, a pause of the garbage collector); where both are, the service has too little capacity.
 */
import { BOTH_FORMS, inOrder, phaseNamed, steady, warmUp } from './phases.ts';
import type { LoadOptions, LoadScenario } from './scenario.ts';
import { kindsMeetTargets, meetsTargets } from './thresholds.ts';

export function load({ perSecond = 50, seconds = 120 }: LoadOptions): LoadScenario {
  const shape = { calls: BOTH_FORMS };
  const phases = inOrder([warmUp(perSecond, 10, shape), steady('load', perSecond, seconds, shape)]);
  const judged = phaseNamed(phases, 'load');
  return {
    name: 'load',
    question: 'Does the service keep both targets at the rate that it is expected to bear?',
    phases,
    thresholds: [...meetsTargets(judged), ...kindsMeetTargets([judged])],
    faults: [],
    verdict: 'thresholds',
  };
}

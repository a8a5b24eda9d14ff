/**
 * Load: does the service keep both targets at the rate that it is expected to bear? Minutes of a steady rate, which
 * you set to your busiest hour. Read the P99 beside the P50: where only the P99 is high, a few calls wait for
 * something (connections, a pause of the garbage collector); where both are, the service has too little capacity.
 */
import { oneRate } from './one-rate.ts';
import { BOTH_FORMS } from './phases.ts';
import type { LoadOptions, LoadScenario } from './scenario.ts';

export function load({ perSecond = 50, seconds = 120 }: LoadOptions): LoadScenario {
  return oneRate({
    name: 'load',
    question: 'Does the service keep both targets at the rate that it is expected to bear?',
    perSecond,
    seconds,
    warmUpSeconds: 10,
    shape: { calls: BOTH_FORMS },
  });
}

/**
 * Smoke: does the service meet both targets at all? Half a minute of a light, steady rate, both forms of an answer. It
 * is the first scenario to run after a change and gates the tests of this project. A miss here is a fault, never a
 * lack of capacity: look at the reasons of the failed calls first, then at the P99 of the two forms.
 */
import { oneRate } from './one-rate.ts';
import { BOTH_FORMS } from './phases.ts';
import type { LoadOptions, LoadScenario } from './scenario.ts';

export function smoke({ perSecond = 50, seconds = 20 }: LoadOptions): LoadScenario {
  return oneRate({
    name: 'smoke',
    question: 'Does the service meet both targets under a light load?',
    perSecond,
    seconds,
    warmUpSeconds: 3,
    shape: { calls: BOTH_FORMS },
  });
}

/**
 * Breakpoint: what is the highest rate at which both targets hold? The rate grows by a quarter from step to step, and
 * the summary names the last step that met everything, before the first that the service missed. Its rate is true for
 * the machine and the upstream of that run. If all steps hold, raise RATE; if the first fails, lower it; and if the
 * driver gives out before the service does, the run is inconclusive and its rate only a lower bound.
 */
import { BOTH_FORMS, inOrder, partOf, steady, warmUp } from './phases.ts';
import type { LoadOptions, LoadScenario } from './scenario.ts';
import { meetsTargets } from './thresholds.ts';

const STEPS = 12;
const GROWTH = 1.25;

export function breakpoint({ perSecond = 50, seconds = 120 }: LoadOptions): LoadScenario {
  const shape = { calls: BOTH_FORMS };
  const phases = inOrder([
    warmUp(perSecond, 5, shape),
    ...Array.from({ length: STEPS }, (_, i) => {
      const rate = Math.round(perSecond * GROWTH ** i);
      return steady(`step_${i + 1}`, rate, partOf(seconds, STEPS), shape);
    }),
  ]);
  return {
    name: 'breakpoint',
    question: 'What is the highest rate at which both targets hold?',
    phases,
    thresholds: phases.filter(({ counted }) => counted).flatMap(meetsTargets),
    faults: [],
    verdict: 'breakpoint',
  };
}

/**
 * Breakpoint: what is the highest rate at which both targets hold? The rate grows by a quarter from step to step, and
 * the summary names the last step that met everything, with all steps before it. Its rate is true for the machine and
 * the upstream of that run. If all steps hold, raise RATE; if the first fails, lower it; and if the driver gives out
 * before the service does, the run is inconclusive and its rate only a lower bound.
 */
import { BOTH_FORMS, inOrder, partOf, steady, warmUp } from './phases.ts';
import { countedPhases, type LoadOptions, type LoadScenario } from './scenario.ts';
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
  const name = 'breakpoint';
  const question = 'What is the highest rate at which both targets hold?';
  const scenario = { name, question, phases, thresholds: [], faults: [], verdict: name } as const;
  return { ...scenario, thresholds: countedPhases(scenario).flatMap(meetsTargets) };
}

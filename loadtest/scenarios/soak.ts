/**
 * Soak: does the service get slower the longer it runs? Half an hour of a steady rate in three parts, each judged by
 * the targets, and the P99 of the last part by that of the first: one that grows is a leak (memory, connections,
 * listeners) long before it misses a target. `make soak` looks for the same from inside the process.
 */
import { BOTH_FORMS, inOrder, partOf, phaseNamed, steady, warmUp } from './phases.ts';
import type { LoadOptions, LoadScenario } from './scenario.ts';
import { isAsFastAs, kindsMeetTargets, meetsTargets } from './thresholds.ts';

const PARTS = ['early', 'middle', 'late'];

export function soak({ perSecond = 20, seconds = 1800 }: LoadOptions): LoadScenario {
  const shape = { calls: [...BOTH_FORMS, { kind: 'hang_up', weight: 1 }] } as const;
  const phases = inOrder([
    warmUp(perSecond, 10, shape),
    ...PARTS.map((part) => steady(part, perSecond, partOf(seconds, PARTS.length), shape)),
  ]);
  const parts = phases.filter(({ counted }) => counted);
  return {
    name: 'soak',
    question: 'Does the service get slower the longer it runs?',
    phases,
    thresholds: [
      ...parts.flatMap(meetsTargets),
      ...kindsMeetTargets(parts),
      isAsFastAs(phaseNamed(phases, 'early'), phaseNamed(phases, 'late')),
    ],
    faults: [],
    verdict: 'thresholds',
  };
}

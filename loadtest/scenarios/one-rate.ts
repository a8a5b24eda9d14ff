/** A scenario of one phase: a warm-up, then a steady rate that has to meet both targets, as a whole and by kind of call. */
import { inOrder, phaseNamed, type Shape, steady, warmUp } from './phases.ts';
import type { LoadScenario } from './scenario.ts';
import { kindsMeetTargets, meetsTargets } from './thresholds.ts';

interface OneRate {
  /** Of the scenario, and of its phase. */
  readonly name: string;
  readonly question: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly warmUpSeconds?: number;
  readonly shape: Shape;
}

export function oneRate(options: OneRate): LoadScenario {
  const { name, question, perSecond, seconds, warmUpSeconds = 5, shape } = options;
  const phases = inOrder([
    warmUp(perSecond, warmUpSeconds, shape),
    steady(name, perSecond, seconds, shape),
  ]);
  const judged = phaseNamed(phases, name);
  return {
    name,
    question,
    phases,
    thresholds: [...meetsTargets(judged), ...kindsMeetTargets([judged])],
    faults: [],
    verdict: 'thresholds',
  };
}

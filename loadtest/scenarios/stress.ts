/**
 * Stress: what do callers get past the service's capacity, and is it well again afterwards? The rate doubles step by
 * step, then returns. Past capacity no target can hold; a sound service refuses quickly what it cannot do (503 with
 * `retry-after`) and goes on with the rest, so those steps are judged by the share of calls that were answered or told
 * to come back. The first step and the recovery are judged by the targets. Which step is past capacity is seen in the
 * success of each: where it falls below that of the first.
 */
import { BOTH_FORMS, inOrder, partOf, settle, steady, warmUp } from './phases.ts';
import type { LoadOptions, LoadScenario, Phase } from './scenario.ts';
import { meetsTargets, staysUp } from './thresholds.ts';

const STEPS = [1, 2, 4, 8];
const SETTLE_S = 5;

export function stress({ perSecond = 50, seconds = 100 }: LoadOptions): LoadScenario {
  const shape = { calls: BOTH_FORMS };
  const each = partOf(seconds, STEPS.length + 1);
  const phases = inOrder([
    warmUp(perSecond, 5, shape),
    ...STEPS.map((times) => steady(`times_${times}`, perSecond * times, each, shape)),
    settle('settle', perSecond, SETTLE_S, shape),
    steady('recovery', perSecond, each, shape),
  ]);
  const isWithin = ({ name }: Phase) => name === 'times_1' || name === 'recovery';
  return {
    name: 'stress',
    question: 'What do callers get past capacity, and is the service well again afterwards?',
    phases,
    thresholds: phases
      .filter(({ counted }) => counted)
      .flatMap((phase) => (isWithin(phase) ? meetsTargets(phase) : staysUp(phase))),
    faults: [],
    verdict: 'thresholds',
  };
}

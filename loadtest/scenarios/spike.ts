/**
 * Spike: does a sudden burst leave anything behind? The rate jumps to eight times within a second, stays for a while,
 * and returns as suddenly. The burst is judged by the share of calls that were answered or told to come back; the time
 * before it and, five seconds later, the time after it by the targets. A recovery that misses them although the burst
 * was borne has a queue that does not drain, a circuit that stays open, or connections that were lost.
 */
import { BOTH_FORMS, inOrder, partOf, phaseNamed, settle, steady, warmUp } from './phases.ts';
import type { LoadOptions, LoadScenario } from './scenario.ts';
import { meetsTargets, staysUp } from './thresholds.ts';

const TIMES = 8;
const JUMP_S = 1;
const SETTLE_S = 5;

export function spike({ perSecond = 50, seconds = 50 }: LoadOptions): LoadScenario {
  const shape = { calls: BOTH_FORMS };
  const high = perSecond * TIMES;
  const fifth = partOf(seconds, 5);
  const burst = steady('spike', high, fifth, shape);
  const stages = [{ seconds: JUMP_S, perSecond: high }, ...burst.stages];
  const phases = inOrder([
    warmUp(perSecond, 5, shape),
    steady('before', perSecond, 2 * fifth, shape),
    { ...burst, fromPerSecond: perSecond, stages },
    settle('settle', perSecond, SETTLE_S, shape),
    steady('recovery', perSecond, 2 * fifth, shape),
  ]);
  return {
    name: 'spike',
    question: 'Does a sudden burst leave anything behind?',
    phases,
    thresholds: [
      ...meetsTargets(phaseNamed(phases, 'before')),
      ...staysUp(phaseNamed(phases, 'spike')),
      ...meetsTargets(phaseNamed(phases, 'recovery')),
    ],
    faults: [],
    verdict: 'thresholds',
  };
}

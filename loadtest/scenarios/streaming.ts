/**
 * Streaming: how soon does the first text come, how long are the silences within answers, and does it matter to others
 * that some callers leave early? One stream in five is left before the first token, when it comes, or in the middle of
 * the answer. Read the first text rather than the whole duration, which is the length of the answer. A gap far above
 * the upstream's own points to a buffer on the way. k6 reads answers whole, so only the Node driver shows these.
 */
import { oneRate } from './one-rate.ts';
import { phaseNamed } from './phases.ts';
import type { CallShare, LoadOptions, LoadScenario } from './scenario.ts';
import { firstTextInTime } from './thresholds.ts';

const CALLS: readonly CallShare[] = [
  { kind: 'streaming', weight: 4 },
  { kind: 'hang_up', weight: 1 },
];

export function streaming({ perSecond = 50, seconds = 60 }: LoadOptions): LoadScenario {
  const scenario = oneRate({
    name: 'streaming',
    question:
      'How soon do streams begin, do they flow, and do callers who leave disturb the others?',
    perSecond,
    seconds,
    shape: { calls: CALLS },
  });
  const judged = phaseNamed(scenario.phases, 'streaming');
  return { ...scenario, thresholds: [...scenario.thresholds, firstTextInTime(judged)] };
}

/**
 * Chaos: do callers notice when one request in twenty fails upstream? The simulator refuses and resets during the
 * middle of the run. Retries hide that: the success target holds all along. Latency does not while the faults last,
 * because a retry waits first, so only the time before and, five seconds later, the time after are judged by both
 * targets. `make chaos` goes through all faults one by one; this scenario is about a bad hour under load.
 */
import type { Fault } from '../simulator/faults.ts';
import { BOTH_FORMS, inOrder, partOf, phaseNamed, settle, steady, warmUp } from './phases.ts';
import type { LoadOptions, LoadScenario } from './scenario.ts';
import { faultsHappened, meetsTargets, survivesFaults } from './thresholds.ts';

const SETTLE_S = 5;

/** The run takes its faults back; where it was killed, they end by themselves so much later. */
const MARGIN_S = 60;

/** A call that is retried waits for its back-off, three times at most. */
const CALL_S = 3;

/** Few enough that three attempts in a row hardly ever fail, which would be chance and not the service's fault. */
const FAULTS: readonly Fault[] = [
  { kind: 'overloaded', probability: 0.03, path: '/v1/messages' },
  { kind: 'reset', probability: 0.02, path: '/v1/messages' },
];

export function chaos({ perSecond = 40, seconds = 60 }: LoadOptions): LoadScenario {
  const shape = { calls: BOTH_FORMS, callS: CALL_S };
  const third = partOf(seconds, 3);
  const phases = inOrder([
    warmUp(perSecond, 5, shape),
    steady('before', perSecond, third, shape),
    steady('faults', perSecond, third, shape),
    settle('settle', perSecond, SETTLE_S, shape),
    steady('after', perSecond, third, shape),
  ]);
  const during = phaseNamed(phases, 'faults');
  const faults = [
    {
      fromS: during.startS,
      untilS: during.startS + third,
      faults: FAULTS.map((fault) => ({ ...fault, forSeconds: third + MARGIN_S })),
    },
  ];
  return {
    name: 'chaos',
    question: 'Do callers notice when one request in twenty fails upstream?',
    phases,
    thresholds: [
      ...meetsTargets(phaseNamed(phases, 'before')),
      ...survivesFaults(during),
      ...meetsTargets(phaseNamed(phases, 'after')),
      faultsHappened(faults.length),
    ],
    faults,
    verdict: 'thresholds',
  };
}

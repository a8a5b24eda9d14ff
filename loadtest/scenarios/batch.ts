/**
 * Batch: do Message Batches go through, each result with them, beside ordinary calls? One call in five makes a batch of
 * three, asks for it until it has ended and reads its results; the others show whether it disturbs them. The duration
 * of a batch is that of its three or more requests together. Against the real API batches take minutes, which this
 * scenario does not wait for: it is made for the simulator.
 */
import { oneRate } from './one-rate.ts';
import type { CallShare, LoadOptions, LoadScenario } from './scenario.ts';

const CALLS: readonly CallShare[] = [
  { kind: 'batch', weight: 1 },
  { kind: 'complete', weight: 4 },
];

/** A batch that has to be asked for again waits in between. */
const CALL_S = 3;

export function batch({ perSecond = 25, seconds = 60 }: LoadOptions): LoadScenario {
  return oneRate({
    name: 'batch',
    question: 'Do Message Batches go through, and do they leave ordinary calls alone?',
    perSecond,
    seconds,
    shape: { calls: CALLS, callS: CALL_S },
  });
}

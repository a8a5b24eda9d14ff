/**
 * Mixed: does everything that callers do hold at once? All kinds of calls over three families of models: small and
 * long prompts, tools, the cache, thinking, token counts, batches, streams and callers who leave; each TOKEN is a
 * caller, and they take turns. Read it by call type: one that is worse than in a run of its own suffers from its
 * neighbours. The dashboards of cost and callers have something to show after it.
 */
import { oneRate } from './one-rate.ts';
import { CHEAPEST } from './phases.ts';
import type { CallShare, LoadOptions, LoadScenario } from './scenario.ts';

const CALLS: readonly CallShare[] = [
  { kind: 'complete', weight: 6 },
  { kind: 'streaming', weight: 6 },
  { kind: 'hang_up', weight: 1 },
  { kind: 'tools', weight: 2 },
  { kind: 'cached', weight: 1 },
  { kind: 'thinking', weight: 1 },
  { kind: 'long', weight: 1 },
  { kind: 'count_tokens', weight: 1 },
  { kind: 'batch', weight: 1 },
];

/** Each has a price in app/telemetry/prices.ts. */
export const MODELS = [CHEAPEST, 'claude-sonnet-5-5', 'claude-opus-5-5'] as const;

const CALL_S = 3;

export function mixed({ perSecond = 40, seconds = 120 }: LoadOptions): LoadScenario {
  return oneRate({
    name: 'mixed',
    question: 'Does everything that callers do hold at once?',
    perSecond,
    seconds,
    shape: { calls: CALLS, models: MODELS, callS: CALL_S },
  });
}

/** The call that is due: its kind, its model and its caller follow from its number, so both drivers make the same. */
import { CALLS } from '../calls/all.ts';
import type { Call, CallKind } from '../calls/kinds.ts';
import { kindOf, type Phase } from './scenario.ts';

export interface DueCall {
  readonly kind: CallKind;
  readonly call: Call;
}

/**
 * @param n the number of the call within its phase, from 0
 * @param id its correlation ID, a UUID
 * @param tokens of the callers, who take turns; none where the service asks for none
 */
export function dueCall(phase: Phase, n: number, id: string, tokens: readonly string[]): DueCall {
  const kind = kindOf(phase, n);
  const round = Math.floor(n / phase.calls.reduce((sum, { weight }) => sum + weight, 0));
  const model = turn(phase.models, round);
  if (model === undefined) throw new RangeError('a phase needs models');
  // Each caller goes through all models.
  const token = turn(tokens, Math.floor(round / phase.models.length));
  return { kind, call: CALLS[kind]({ id, round, model, token }) };
}

function turn<T>(list: readonly T[], n: number): T | undefined {
  return list[n % list.length];
}

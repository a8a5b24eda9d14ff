/**
 * A stream whose caller leaves early. For the load that is a success: the service must bear it, and whether it does
 * shows in the calls of the others.
 */
import { Exchanges, judged } from './exchanges.ts';
import type { Asked, Call } from './kinds.ts';
import { messageRequest } from './prompts.ts';
import { judgeStream, OK } from './verdict.ts';

/** Before the first token, about when it comes, and in the middle of the answer; callers take turns. */
export const HANG_UP_AFTER_MS = [5, 30, 50] as const;

/** A stream that ends before its caller leaves is judged like any other. */
export function* hangUp(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const hangUpAfterMs = HANG_UP_AFTER_MS[asked.round % HANG_UP_AFTER_MS.length] ?? 0;
  const request = messageRequest(asked, { stream: true });
  const answer = yield* exchanges.send({ ...request, hangUpAfterMs });
  return exchanges.observe(answer.broken === 'hung_up' ? OK : judged(answer, judgeStream));
}

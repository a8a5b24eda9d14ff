/**
 * A stream whose caller leaves early. The service must bear it, and whether it does shows in the calls of the others:
 * this one tells only what went wrong before its caller left.
 */
import { Exchanges, judged } from './exchanges.ts';
import type { Answer, Asked, Call, Verdict } from './kinds.ts';
import { messageRequest } from './prompts.ts';
import { failed, judgeStream, OK } from './verdict.ts';

/** Before the first token, about when it comes, and in the middle of the answer; callers take turns. */
export const HANG_UP_AFTER_MS = [5, 30, 50] as const;

export function* hangUp(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const hangUpAfterMs = HANG_UP_AFTER_MS[asked.round % HANG_UP_AFTER_MS.length] ?? 0;
  const request = messageRequest(asked, { stream: true });
  const answer = yield* exchanges.send({ ...request, hangUpAfterMs });
  return exchanges.observe(judgeLeft(answer));
}

/**
 * A stream that ends before its caller leaves is judged like any other. Who leaves before the answer begins has seen
 * nothing to judge (`status` 0, as always in k6), but who leaves in the middle of a refusal was refused.
 */
function judgeLeft(answer: Answer): Verdict {
  if (answer.broken !== 'hung_up') return judged(answer, judgeStream);
  const { status } = answer;
  return status === 0 || status === 200 ? OK : failed(`status_${status}`);
}

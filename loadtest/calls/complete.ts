/** A small message, answered as a whole. */
import { Exchanges, judged } from './exchanges.ts';
import type { Asked, Call } from './kinds.ts';
import { messageRequest } from './prompts.ts';
import { judgeComplete } from './verdict.ts';

export function* complete(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const answer = yield* exchanges.send(messageRequest(asked));
  return exchanges.observe(judged(answer, judgeComplete));
}

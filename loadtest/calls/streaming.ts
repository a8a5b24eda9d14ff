/** A small message, streamed to its end. */
import { Exchanges, judged } from './exchanges.ts';
import type { Asked, Call } from './kinds.ts';
import { messageRequest } from './prompts.ts';
import { judgeStream } from './verdict.ts';

export function* streaming(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const answer = yield* exchanges.send(messageRequest(asked, { stream: true }));
  return exchanges.observe(judged(answer, judgeStream));
}

/** A message whose model thinks before it answers. */
import { Exchanges, judged } from './exchanges.ts';
import { objectsOf, parseObject } from './json.ts';
import type { Asked, Call, Verdict } from './kinds.ts';
import { messageRequest } from './prompts.ts';
import { failed, judgeComplete } from './verdict.ts';

export function* thinking(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const request = messageRequest(asked, { max_tokens: 2048, thinking: { type: 'adaptive' } });
  const answer = yield* exchanges.send(request);
  return exchanges.observe(judged(answer, judgeThinking));
}

/** A model that need not think may answer at once, but what it thought must be signed, and is sent back so. */
function judgeThinking(status: number, body: string): Verdict {
  const verdict = judgeComplete(status, body);
  if (!verdict.ok) return verdict;
  const blocks = objectsOf(parseObject(body)?.['content']);
  const thought = blocks.filter((block) => block['type'] === 'thinking');
  const signed = thought.every(({ signature }) => typeof signature === 'string' && signature);
  return signed ? verdict : failed('thinking_not_signed');
}

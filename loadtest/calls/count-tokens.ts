/** Asks how many tokens a prompt has, which runs no model and has rate limits of its own. */
import { Exchanges, judged } from './exchanges.ts';
import { isCount, parseObject } from './json.ts';
import type { Asked, Call, Verdict } from './kinds.ts';
import { HELLO } from './prompts.ts';
import { failed, OK } from './verdict.ts';

export function* countTokens(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const messages = [{ role: 'user', content: HELLO }];
  const body = JSON.stringify({ model: asked.model, messages });
  const answer = yield* exchanges.send({
    method: 'POST',
    path: '/v1/messages/count_tokens',
    body,
  });
  return exchanges.observe(judged(answer, judgeCount));
}

function judgeCount(status: number, body: string): Verdict {
  if (status !== 200) return failed(`status_${status}`);
  const tokens = parseObject(body)?.['input_tokens'];
  return isCount(tokens) && tokens > 0 ? OK : failed('no_token_count');
}

/** A prompt of thousands of tokens whose answer may be long too, streamed, as clients do with long answers. */
import { Exchanges, judged } from './exchanges.ts';
import type { Asked, Call } from './kinds.ts';
import { LONG_TEXT, messageRequest } from './prompts.ts';
import { judgeStream } from './verdict.ts';

export function* long(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const messages = [{ role: 'user', content: `Explain each sentence of this: ${LONG_TEXT}` }];
  const request = messageRequest(asked, { stream: true, max_tokens: 4096, messages });
  const answer = yield* exchanges.send(request);
  return exchanges.observe(judged(answer, judgeStream));
}

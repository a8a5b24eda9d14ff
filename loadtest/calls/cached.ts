/**
 * A long prompt that is marked for the cache, sent twice. The first request may write the cache or read what another
 * call has written; the second has to read it.
 */
import { Exchanges, judged } from './exchanges.ts';
import { asObject, isCount, parseObject } from './json.ts';
import type { Asked, Call, Verdict } from './kinds.ts';
import { LONG_TEXT, messageRequest } from './prompts.ts';
import { failed, judgeComplete } from './verdict.ts';

const SYSTEM = [{ type: 'text', text: LONG_TEXT, cache_control: { type: 'ephemeral' } }];

export function* cached(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const request = messageRequest(asked, { system: SYSTEM });
  const first = judged(yield* exchanges.send(request), judgeComplete);
  if (!first.ok) return exchanges.observe(first);
  return exchanges.observe(judged(yield* exchanges.send(request), judgeRead));
}

function judgeRead(status: number, body: string): Verdict {
  const verdict = judgeComplete(status, body);
  if (!verdict.ok) return verdict;
  const read = asObject(parseObject(body)?.['usage'])?.['cache_read_input_tokens'];
  return isCount(read) && read > 0 ? verdict : failed('cache_not_read');
}

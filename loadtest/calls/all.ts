/** The call of each kind. Whatever a service answers, a call ends with a judgement. */
import { batch } from './batch.ts';
import { cached } from './cached.ts';
import { complete } from './complete.ts';
import { countTokens } from './count-tokens.ts';
import { hangUp } from './hang-up.ts';
import type { Asked, Call, CallKind, Observation } from './kinds.ts';
import { long } from './long.ts';
import { streaming } from './streaming.ts';
import { thinking } from './thinking.ts';
import { tools } from './tools.ts';
import { failed } from './verdict.ts';

type Begin = (asked: Asked) => Call;

/** Each begins a call, which runs when its driver asks it for steps. */
export const CALLS: Readonly<Record<CallKind, Begin>> = {
  complete: judgedAlways(complete),
  streaming: judgedAlways(streaming),
  hang_up: judgedAlways(hangUp),
  batch: judgedAlways(batch),
  count_tokens: judgedAlways(countTokens),
  tools: judgedAlways(tools),
  cached: judgedAlways(cached),
  thinking: judgedAlways(thinking),
  long: judgedAlways(long),
};

/** The observation of a call whose judgement threw an error, because its answer has no form that anybody foresaw. */
const NOT_JUDGED: Observation = {
  verdict: failed('not_judged'),
  answered: false,
  correlated: undefined,
  durationMs: 0,
  overheadMs: undefined,
};

/**
 * An answer that makes a judge throw, such as one that nests too deep to be sent back, is a bad answer. Thrown on, it
 * would end k6's iteration without a count, and the driver in Node.
 */
function judgedAlways(begin: Begin): Begin {
  return function* (asked) {
    try {
      return yield* begin(asked);
    } catch {
      return NOT_JUDGED;
    }
  };
}

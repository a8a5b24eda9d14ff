/** The call of each kind. */
import { batch } from './batch.ts';
import { cached } from './cached.ts';
import { complete } from './complete.ts';
import { countTokens } from './count-tokens.ts';
import { hangUp } from './hang-up.ts';
import type { Asked, Call, CallKind } from './kinds.ts';
import { long } from './long.ts';
import { streaming } from './streaming.ts';
import { thinking } from './thinking.ts';
import { tools } from './tools.ts';

/** Each begins a call, which runs when its driver asks it for steps. */
export const CALLS: Readonly<Record<CallKind, (asked: Asked) => Call>> = {
  complete,
  streaming,
  hang_up: hangUp,
  batch,
  count_tokens: countTokens,
  tools,
  cached,
  thinking,
  long,
};

/** What the calls ask for. Their prompts are short unless the size is the point, so that a paid run costs little. */
import type { Asked, LoadRequest } from './kinds.ts';

type Post = Omit<LoadRequest, 'headers'> & { readonly body: string };

export const HELLO = 'Say hello in one short sentence.';

const PARAGRAPH =
  'A service that is watched well tells its operators what its callers feel, why they feel it, and what to do. ';

/** About 4,700 tokens: models cache no prompt below 4,096. */
export const LONG_TEXT = PARAGRAPH.repeat(175);

/** @param more replaces or adds fields of the body */
export function messageRequest({ model }: Asked, more: object = {}): Post {
  const messages = [{ role: 'user', content: HELLO }];
  const body = JSON.stringify({ model, max_tokens: 64, messages, ...more });
  return { method: 'POST', path: '/v1/messages', body };
}

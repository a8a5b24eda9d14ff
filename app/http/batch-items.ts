/**
 * Turns a batch into the calls that it asks for. Each sends the caller's own text: a body that was
 * serialised again would have lost digits of its numbers.
 */
import { elementsOf, memberOf, membersOf } from '../anthropic/json-text.ts';
import { AppError } from '../errors.ts';
import type { Ask } from './call.ts';
import { type Batch, type BatchItem, checkMessages } from './schemas.ts';

/** A batch may repeat its shared fields for each prompt up to this many characters in all. */
const MAX_PROMPTS_LENGTH = 32 * 1024 * 1024;

/** One item of a batch. */
export interface Item {
  readonly customId: string | undefined;
  /** @throws {AppError} invalid_request: a bad item fails alone, when its turn has come */
  readonly ask: () => Ask;
}

/**
 * @param text the body that `batch` was read from
 * @throws {AppError} invalid_request
 */
export function itemsOf(batch: Batch, text: string): readonly Item[] {
  return batch.form === 'prompts' ? ofPrompts(batch, text) : ofRequests(batch, text);
}

/** What was parsed is dropped here: the text of each item is a part of the batch's and takes no memory. */
function ofRequests({ items }: Batch, text: string): readonly Item[] {
  const spans = elementsOf(text, memberOf(text, 'requests')?.start);
  return (items as readonly BatchItem[]).map(({ custom_id: customId, params }, i) => {
    const member = memberOf(text, 'params', spans[i]?.start);
    const body = text.slice(member?.start, member?.end);
    return { customId, ask: later(() => askOf(params, body)) };
  });
}

/** All prompts share the other fields of the body, so each body is put together when its turn has come. */
function ofPrompts({ items }: Batch, text: string): readonly Item[] {
  const own = ['prompts', 'concurrency', 'messages'];
  const shared = membersOf(text)
    .filter(({ key }) => !own.includes(key))
    .map(({ key, start, end }) => `${JSON.stringify(key)}:${text.slice(start, end)},`)
    .join('');
  if (shared.length * items.length > MAX_PROMPTS_LENGTH) {
    const message = 'prompts: the fields that they share are too long to be sent with each of them';
    throw new AppError('invalid_request', message);
  }
  const ask = askOf(JSON.parse(`{${shared}"messages":[{"role":"user"}]}`), '');
  return items.map((content) => ({
    customId: undefined,
    ask: () => {
      const messages = JSON.stringify([{ role: 'user', content }]);
      const body = `{${shared}"messages":${messages}}`;
      return { ...ask, body };
    },
  }));
}

const CHAT = { operation: 'chat', method: 'POST', url: '/v1/messages', stream: false } as const;

function askOf(params: unknown, body: string): Ask {
  const { stream, ...asked } = checkMessages(params);
  if (stream) throw new AppError('invalid_request', 'stream: must be false in a batch');
  return { ...CHAT, body, ...asked };
}

/** Does the work now, and returns or throws its result whenever it is asked for. */
function later<T>(work: () => T): () => T {
  try {
    const result = work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

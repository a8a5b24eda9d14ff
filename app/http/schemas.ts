/**
 * What a caller's body must hold: the fields that the service reads or that Anthropic always requires.
 * Everything else passes unread, so that new fields of the API work on their first day.
 */
import { z } from 'zod';
import { AppError } from '../errors.ts';

const model = z.string().min(1);
const messages = z.array(z.looseObject({ role: z.string() })).min(1);

const messagesBody = z.looseObject({
  model,
  messages,
  max_tokens: z.int().min(1),
  stream: z.boolean().optional(),
});

const countTokensBody = z.looseObject({ model, messages });

/** The article's batch: a list of requests, or one request for many prompts. */
const itemsBody = z.strictObject({
  requests: z
    .array(z.strictObject({ custom_id: z.string().max(128).optional(), params: z.unknown() }))
    .min(1),
  concurrency: z.int().min(1).optional(),
});
const promptsBody = z.looseObject({
  prompts: z.array(z.string().min(1)).min(1),
  concurrency: z.int().min(1).optional(),
});

export type MessagesBody = z.infer<typeof messagesBody>;
export type CountTokensBody = z.infer<typeof countTokensBody>;

/** One item of a batch. Its `params` are checked later, because a bad item must not fail the others. */
export interface BatchItem {
  readonly custom_id?: string | undefined;
  readonly params: unknown;
}

export interface Batch {
  readonly items: readonly BatchItem[];
  readonly concurrency: number | undefined;
}

/** @returns the first problem in Anthropic's manner: `messages.0.role: Field required` */
function problem(error: z.ZodError): string {
  const issue = error.issues[0];
  const path = issue?.path.join('.') ?? '';
  const missing = issue?.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const text = missing ? 'Field required' : (issue?.message ?? 'invalid');
  return path ? `${path}: ${text}` : text;
}

function check<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AppError('invalid_request', problem(result.error));
}

/**
 * Checks a body. The result is only read: what goes upstream is the caller's own text.
 * @throws {AppError} invalid_request, naming the field
 */
export const checkMessages = (value: unknown): MessagesBody => check(messagesBody, value);
export const checkCountTokens = (value: unknown): CountTokensBody => check(countTokensBody, value);

/** @throws {AppError} invalid_request; the items are not checked here */
export function checkBatch(value: unknown): Batch {
  if (typeof value === 'object' && value !== null && 'prompts' in value) {
    const { prompts, concurrency, ...params } = check(promptsBody, value);
    const items = prompts.map((content) => ({
      params: { ...params, messages: [{ role: 'user', content }] },
    }));
    return { items, concurrency };
  }
  const { requests, concurrency } = check(itemsBody, value);
  return { items: requests, concurrency };
}

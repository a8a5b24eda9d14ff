/**
 * What a caller's body must hold: the fields that the service reads or that Anthropic always requires.
 * Everything else passes unread, so that new fields of the API work on their first day.
 *
 * Zod collects every issue of a list, and a list may have half a million elements: so it sees the fields
 * alone, and lists are walked up to the first element that is wrong.
 */
import { z } from 'zod';
import { type RequestFacts, readRequestFacts } from '../anthropic/request-facts.ts';
import { AppError } from '../errors.ts';

const model = z.string().min(1);
const list = z.array(z.unknown()).min(1);

export const messagesBody = z.object({
  model,
  messages: list,
  max_tokens: z.int().min(0),
  stream: z.boolean().nullish(),
});

const countTokensBody = z.object({ model, messages: list });

/** The article's batch: a list of requests, or one request for many prompts. */
const concurrency = z.int().min(1).optional();
const requestsBody = z.object({ requests: list, concurrency });
const promptsBody = z.object({ prompts: list, concurrency });
const batchItem = z.object({ custom_id: z.string().max(128).optional(), params: z.unknown() });

/** What the service reads of a body. */
export interface MessagesBody {
  readonly model: string;
  readonly stream: boolean;
  /** Whether it asks for fast mode. */
  readonly fast: boolean;
  readonly facts: RequestFacts;
}

/** The fields of a batch; where its items stand in the text is found in batch-items.ts. */
export interface Batch {
  readonly form: 'requests' | 'prompts';
  /** Each item, unchecked for `prompts`, with a checked `custom_id` for `requests`. */
  readonly items: readonly unknown[];
  readonly concurrency: number | undefined;
}

/** One item of `requests`. Its `params` are checked later, because a bad item must not fail the others. */
export type BatchItem = z.infer<typeof batchItem>;

/** @throws {AppError} invalid_request, in Anthropic's manner: `messages.0.role: Field required` */
function refuse(path: string, problem: string): never {
  throw new AppError('invalid_request', path ? `${path}: ${problem}` : problem);
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(value: unknown, path = ''): Json {
  return isObject(value) ? value : refuse(path, 'Input should be an object');
}

/** Hands the schema only the fields that it knows: it would copy all the others. */
function check<S extends z.ZodObject>(schema: S, body: Json, path = ''): z.infer<S> {
  const known = Object.keys(schema.shape).filter((name) => Object.hasOwn(body, name));
  const fields = Object.fromEntries(known.map((name) => [name, body[name]]));
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const missing = issue?.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const where = [...(path ? [path] : []), ...(issue?.path ?? [])].join('.');
  return refuse(where, missing ? 'Field required' : (issue?.message ?? 'invalid'));
}

function checkList(name: string, values: readonly unknown[], isGood: (value: Json) => boolean) {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isObject(value) && isGood(value)) continue;
    const message = objectOf(value, `${name}.${i}`);
    refuse(`${name}.${i}.role`, roleProblem(message['role']));
  }
}

function roleProblem(role: unknown): string {
  return role === undefined ? 'Field required' : 'Input should be a string';
}

const hasRole = ({ role }: Json) => typeof role === 'string';

/** @throws {AppError} invalid_request, naming the first field that is wrong */
export function checkMessages(value: unknown): MessagesBody {
  const body = objectOf(value);
  const { messages, model, stream } = isMessages(body) ? body : check(messagesBody, body);
  checkList('messages', messages, hasRole);
  const fast = body['speed'] === 'fast';
  return { model, stream: stream ?? false, fast, facts: readRequestFacts(body) };
}

/** Whether `messagesBody` accepts a body: the schema takes longer to say so than all else that is checked of it. */
export function isMessages(body: Json): body is z.infer<typeof messagesBody> {
  const { model, messages, max_tokens: maxTokens, stream = null } = body;
  return (
    typeof model === 'string' &&
    model !== '' &&
    Array.isArray(messages) &&
    messages.length > 0 &&
    Number.isSafeInteger(maxTokens) &&
    (maxTokens as number) >= 0 &&
    (stream === null || typeof stream === 'boolean')
  );
}

/** @throws {AppError} invalid_request, naming the first field that is wrong */
export function checkCountTokens(value: unknown): Pick<MessagesBody, 'model'> {
  const { messages, model } = check(countTokensBody, objectOf(value));
  checkList('messages', messages, hasRole);
  return { model };
}

/**
 * @param maxItems counted before any item is looked at
 * @throws {AppError} invalid_request; the `params` of the items are not checked here
 */
export function checkBatch(value: unknown, maxItems: number): Batch {
  const body = objectOf(value);
  if ('prompts' in body) {
    const { prompts, concurrency } = check(promptsBody, body);
    checkCount('prompts', prompts, maxItems);
    for (const [i, prompt] of prompts.entries()) {
      if (typeof prompt !== 'string' || prompt === '')
        refuse(`prompts.${i}`, 'Input should be a text');
    }
    return { form: 'prompts', items: prompts, concurrency };
  }
  refuseUnknown(body, ['requests', 'concurrency']);
  const { requests, concurrency } = check(requestsBody, body);
  checkCount('requests', requests, maxItems);
  const items = requests.map((item, i) => {
    const path = `requests.${i}`;
    const object = objectOf(item, path);
    refuseUnknown(object, ['custom_id', 'params'], path);
    return check(batchItem, object, path);
  });
  return { form: 'requests', items, concurrency };
}

function checkCount(name: string, items: readonly unknown[], maxItems: number): void {
  if (items.length > maxItems) refuse(name, `at most ${maxItems} items, got ${items.length}`);
}

function refuseUnknown(body: Json, known: readonly string[], path = ''): void {
  // Not `Object.keys`: a hostile object may have half a million of them.
  for (const key in body) {
    if (!known.includes(key)) refuse(path, `Extra inputs are not permitted: "${key}"`);
  }
}

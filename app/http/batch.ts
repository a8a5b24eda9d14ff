/** `POST /v1/batch`: the article's batch, many prompts in one call, each with an end of its own. */
import { type RequestHandler, Router } from 'express';
import type { Caller } from '../callers/callers.ts';
import type { ClaudeClient } from '../claude/client.ts';
import type { Config } from '../config/config.ts';
import { AppError, errorBody, outcomeOfError, toAppError } from '../errors.ts';
import { errorTraits } from '../outcome.ts';
import type { Redactor } from '../privacy/redactor.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import { parseJson } from './body.ts';
import { localsOf, type RequestLocals } from './context.ts';
import type { Gate } from './gate.ts';
import { headersUp } from './headers.ts';
import { type Batch, type BatchItem, checkBatch, checkMessages } from './schemas.ts';

/** How one item ended. `message` is the upstream's answer, `error` an Anthropic error. */
export type ItemResult = { readonly index: number; readonly custom_id?: string } & (
  | { readonly type: 'succeeded'; readonly status: number; readonly message: unknown }
  | { readonly type: 'errored'; readonly status: number; readonly error: unknown }
);

type Limits = Pick<Config, 'BATCH_MAX_ITEMS' | 'BATCH_CONCURRENCY'>;

/**
 * Runs `work` on each item, at most `limit` at once.
 * @returns the results in the items' order
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const queue = items.entries();
  // All workers take from the one iterator; each takes its next item when it has done the last.
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/** Never throws: what goes wrong with an item is the item's result. */
async function runItem(
  client: ClaudeClient,
  { custom_id, params }: BatchItem,
  index: number,
  headers: Record<string, string>,
  { signal, correlationId, caller }: RequestLocals,
  gate: Gate,
  recorder: Recorder,
  redactor: Redactor,
): Promise<ItemResult> {
  let leave: Awaited<ReturnType<Gate['enter']>> = () => {};
  let tokens = 0;
  // An item's time is its own, not that of those before it.
  const receivedAtMs = performance.now();
  const item = { index, ...(custom_id !== undefined && { custom_id }) };
  try {
    const { model, stream } = checkMessages(params);
    if (stream)
      throw new AppError('invalid_request', 'stream: an item of a batch is never streamed');
    leave = await gate.enter({ caller, signal });
    const { status, data, ...answered } = await client.call({
      operation: 'chat',
      method: 'POST',
      url: '/v1/messages',
      headers,
      body: JSON.stringify(params),
      model,
      stream: false,
      receivedAtMs,
      signal,
      caller: caller.name,
      ownKeys: caller.ownKeys,
    });
    tokens = answered.tokens();
    const answer: unknown = JSON.parse(data as string);
    if (status < 300) return { ...item, type: 'succeeded', status, message: answer };
    return { ...item, type: 'errored', status, error: answer };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (errorTraits(error.code).refused) {
      const who = { caller: caller.name, receivedAtMs };
      const info = { operation: 'chat', model: '', stream: false, ...who } as const;
      recorder.recordRejection(info, outcomeOfError(error));
    }
    const body = errorBody(error, correlationId, redactor.text);
    return { ...item, type: 'errored', status: error.status, error: body };
  } finally {
    leave(tokens);
  }
}

function concurrencyOf(
  { items, concurrency = Number.POSITIVE_INFINITY }: Batch,
  limits: Limits,
  caller: Caller,
): number {
  if (items.length > limits.BATCH_MAX_ITEMS) {
    const message = `requests: at most ${limits.BATCH_MAX_ITEMS} items, got ${items.length}`;
    throw new AppError('invalid_request', message);
  }
  const own = caller.limits?.concurrent ?? Number.POSITIVE_INFINITY;
  return Math.min(concurrency, limits.BATCH_CONCURRENCY, own);
}

/**
 * Answers 200 with `{type, results, counts}` whatever became of the items; 400 only for a body that
 * is no batch.
 */
export function batchRoutes(
  client: ClaudeClient,
  gate: Gate,
  limits: Limits,
  recorder: Recorder,
  redactor: Redactor,
): Router {
  const handle: RequestHandler = async (request, response) => {
    const batch = checkBatch(parseJson(request).value);
    const locals = localsOf(response);
    const concurrency = concurrencyOf(batch, limits, locals.caller);
    const headers = headersUp(request.headers);
    const results = await mapLimited(batch.items, concurrency, (item, index) =>
      runItem(client, item, index, headers, locals, gate, recorder, redactor),
    );
    const succeeded = results.filter(({ type }) => type === 'succeeded').length;
    const counts = { succeeded, errored: results.length - succeeded };
    response.json({ type: 'batch_result', results, counts });
  };
  return Router().post('/v1/batch', handle);
}

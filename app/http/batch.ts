/** `POST /v1/batch`: the article's batch, many prompts in one request, each with a result of its own. */
import type { RequestHandler } from 'express';
import pMap from 'p-map';
import type { Caller } from '../callers/callers.ts';
import { AppError, errorBody, toAppError } from '../errors.ts';
import type { Redactor } from '../privacy/redactor.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import { parseJson } from './body.ts';
import {
  type Ask,
  type CallContext,
  type CallDeps,
  callContextOf,
  callOnce,
  recordRejection,
} from './call.ts';
import { localsOf } from './context.ts';
import { type Batch, type BatchItem, checkBatch, checkMessages } from './schemas.ts';
import { type AdmissionDeps, acquireSlot } from './slot.ts';

/** How one item ended. `message` is the upstream's response, `error` an Anthropic error. */
export type ItemResult = { readonly index: number; readonly custom_id?: string } & (
  | { readonly type: 'succeeded'; readonly status: number; readonly message: unknown }
  | { readonly type: 'errored'; readonly status: number; readonly error: unknown }
);

export interface BatchOptions {
  /** Maximum number of items in a batch. */
  readonly maxItems: number;
  /** Maximum number of items of a batch in flight at once. */
  readonly concurrency: number;
}

/** A batch of the largest size takes ten rounds, and a tenth of the default admission limit. */
export const BATCH_DEFAULTS: BatchOptions = { maxItems: 100, concurrency: 10 };

export interface BatchDeps extends CallDeps, AdmissionDeps {
  readonly recorder: Recorder;
  readonly redactor: Redactor;
}

/**
 * Answers 200 with `{type, results, counts}` whatever became of the items, and 400 only for a body that
 * is not a batch or a malformed deadline. Each item is admitted on its own.
 */
export function batch(deps: BatchDeps, options: BatchOptions): RequestHandler {
  return async (request, response) => {
    const asked = checkBatch(parseJson(request).value);
    const context = callContextOf(request, response);
    const concurrency = concurrencyOf(asked, options, context.caller);
    const { correlationId } = localsOf(response);
    const results = await pMap(
      asked.items,
      (item, index) => runItem(deps, context, item, index, correlationId),
      { concurrency },
    );
    const succeeded = results.filter(({ type }) => type === 'succeeded').length;
    const counts = { succeeded, errored: results.length - succeeded };
    response.json({ type: 'batch_result', results, counts });
  };
}

/** @throws {AppError} invalid_request: the batch has too many items */
function concurrencyOf(
  { items, concurrency = Number.POSITIVE_INFINITY }: Batch,
  options: BatchOptions,
  { limits }: Caller,
): number {
  if (items.length > options.maxItems) {
    const message = `requests: at most ${options.maxItems} items, got ${items.length}`;
    throw new AppError('invalid_request', message);
  }
  return Math.min(concurrency, options.concurrency, limits.concurrent ?? Number.POSITIVE_INFINITY);
}

/** Never throws: an item's error is its result. */
async function runItem(
  deps: BatchDeps,
  batchContext: CallContext,
  { custom_id, params }: BatchItem,
  index: number,
  correlationId: string,
): Promise<ItemResult> {
  const item = { index, ...(custom_id !== undefined && { custom_id }) };
  // Its latency begins with its turn, but the deadline is still that of the whole batch.
  const context = { ...batchContext, receivedAtMs: performance.now(), uploadMs: 0 };
  let isCall = false;
  let ask: Ask | undefined;
  try {
    ask = askOf(params);
    if (context.receivedAtMs >= context.deadlineAtMs) throw deadlinePassed();
    using slot = await acquireSlot(deps, context);
    isCall = true;
    const { status, data } = await callOnce(deps, context, slot, ask);
    const answer: unknown = JSON.parse(data as string);
    if (status < 300) return { ...item, type: 'succeeded', status, message: answer };
    return { ...item, type: 'errored', status, error: answer };
  } catch (thrown) {
    const error = toAppError(thrown);
    // What happens to a call is recorded by its stages; an item whose caller has left never became one.
    if (!isCall && error.code !== 'client_cancelled') {
      recordRejection(deps.recorder, error, ask ?? { operation: 'chat' }, context);
    }
    const body = errorBody(error, correlationId, deps.redactor.text);
    return { ...item, type: 'errored', status: error.status, error: body };
  }
}

/** @throws {AppError} invalid_request, naming the field */
function askOf(params: unknown): Ask {
  const { model, stream } = checkMessages(params);
  if (stream) throw new AppError('invalid_request', 'stream: must be false in a batch');
  const body = JSON.stringify(params);
  return { operation: 'chat', method: 'POST', url: '/v1/messages', body, model, stream: false };
}

function deadlinePassed(): AppError {
  return new AppError('caller_deadline', 'the deadline of the batch passed before this item began');
}

/** `POST /v1/batch`: the article's batch, many prompts in one request, each with a result of its own. */
import type { Request, Response } from 'express';
import pMap from 'p-map';
import type { Caller } from '../callers/callers.ts';
import { AppError, errorBody, toAppError } from '../errors.ts';
import type { Redactor } from '../privacy/redactor.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import { type Item, itemsOf } from './batch-items.ts';
import { parseJson } from './body.ts';
import {
  type Ask,
  type CallContext,
  type CallDeps,
  callContextOf,
  callOnce,
  recordRejection,
} from './call.ts';
import { localsOf, ownHeaders } from './context.ts';
import { type Batch, checkBatch } from './schemas.ts';
import { type AdmissionDeps, acquireSlot } from './slot.ts';
import type { Step } from './step.ts';
import { endWithText } from './write-body.ts';

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

/** How one item ended: its part of the answer, as JSON text. */
interface ItemResult {
  readonly succeeded: boolean;
  readonly json: string;
}

/**
 * Answers 200 with `{type, results, counts}` whatever became of the items, and 400 only for a body that
 * is not a batch or a malformed deadline. Each item is admitted on its own. A result is
 * `{index, custom_id?, type: 'succeeded', status, message}` with the upstream's answer as it came, or
 * `{…, type: 'errored', status, error}` with an Anthropic error.
 */
export function batch(deps: BatchDeps, options: BatchOptions): Step {
  return async (request, response) => {
    const { items, ...batch } = readItems(request, response, options);
    const context = callContextOf(request, response);
    const concurrency = concurrencyOf(batch, options, context.caller);
    const { correlationId } = localsOf(response);
    const results = await pMap(
      items,
      (item, index) => runItem(deps, context, item, index, correlationId),
      { concurrency },
    );
    const succeeded = results.filter((result) => result.succeeded).length;
    const counts = { succeeded, errored: results.length - succeeded };
    const all = results.map(({ json }) => json).join(',');
    const text = `{"type":"batch_result","results":[${all}],"counts":${JSON.stringify(counts)}}`;
    const type = 'application/json; charset=utf-8';
    response.writeHead(200, {
      ...ownHeaders(response),
      'content-type': type,
      'content-length': Buffer.byteLength(text),
    });
    await endWithText(response, text);
  };
}

/** What was parsed is out of reach when this returns: the items hold parts of the text alone. */
function readItems(request: Request, response: Response, { maxItems }: BatchOptions) {
  const { text, value } = parseJson(request, response);
  const batch = checkBatch(value, maxItems);
  return { concurrency: batch.concurrency, items: itemsOf(batch, text) };
}

function concurrencyOf(
  { concurrency = Number.POSITIVE_INFINITY }: Pick<Batch, 'concurrency'>,
  options: BatchOptions,
  { limits }: Caller,
): number {
  return Math.min(concurrency, options.concurrency, limits.concurrent ?? Number.POSITIVE_INFINITY);
}

/** Never throws: an item's error is its result. */
async function runItem(
  deps: BatchDeps,
  batchContext: CallContext,
  item: Item,
  index: number,
  correlationId: string,
): Promise<ItemResult> {
  // Its latency begins with its turn, but the deadline is still that of the whole batch.
  const context = { ...batchContext, receivedAtMs: performance.now(), uploadMs: 0 };
  let isCall = false;
  let ask: Ask | undefined;
  try {
    ask = item.ask();
    if (context.receivedAtMs >= context.deadlineAtMs) throw deadlinePassed();
    using slot = await acquireSlot(deps, context);
    isCall = true;
    const { status, data } = await callOnce(deps, context, slot, ask);
    return resultOf(item, index, status, answerOf(data));
  } catch (thrown) {
    const error = toAppError(thrown);
    // What happens to a call is recorded by its stages; an item whose caller has left never became one.
    if (!isCall && error.code !== 'client_cancelled') {
      recordRejection(deps.recorder, error, ask ?? { operation: 'chat' }, context);
    }
    const body = errorBody(error, correlationId, deps.redactor.text);
    return resultOf(item, index, error.status, JSON.stringify(body));
  }
}

/**
 * @returns the upstream's answer
 * @throws {AppError} bad_upstream_response: an answer that is not JSON would spoil those of all other items
 */
function answerOf(data: unknown): string {
  const text = typeof data === 'string' ? data : '';
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad_upstream_response', 'the answer is not JSON', { cause });
  }
  return text;
}

/** @param answer JSON text */
function resultOf({ customId }: Item, index: number, status: number, answer: string): ItemResult {
  const succeeded = status < 300;
  const type = succeeded ? 'succeeded' : 'errored';
  const field = succeeded ? 'message' : 'error';
  const head = JSON.stringify({ index, custom_id: customId, type, status });
  return { succeeded, json: `${head.slice(0, -1)},"${field}":${answer}}` };
}

function deadlinePassed(): AppError {
  return new AppError('caller_deadline', 'the deadline of the batch passed before this item began');
}

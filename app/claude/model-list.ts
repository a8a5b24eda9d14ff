/**
 * The service's own request for the list of models: no caller waits for it and nothing counts it, and it says
 * nothing about keys and circuits, which calls alone shall judge.
 */
import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { parseObject } from '../anthropic/messages.ts';
import { MAX_PAGE, type ModelFacts, readModels } from '../anthropic/models.ts';
import { AppError } from '../errors.ts';
import { createLimitGroups } from '../keys/limit-groups.ts';
import { attemptTimeout } from '../pipeline/attempt-timeout.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { readResponse } from '../pipeline/read-response.ts';
import { sign } from '../pipeline/sign.ts';
import { LinkedAbort } from '../time/linked-abort.ts';
import type { Upstream, UpstreamPool } from '../upstreams/upstream-pool.ts';
import { signingSecret } from './client.ts';
import { createTransport } from './trae-transport.ts';

export interface ModelListOptions {
  /** Limit of one page, milliseconds, to its last byte. */
  readonly pageTimeoutMs: number;
  /** Limit of the whole list, milliseconds. */
  readonly timeoutMs: number;
}

/** The API answers within a second. */
export const MODEL_LIST_DEFAULTS: ModelListOptions = { pageTimeoutMs: 10_000, timeoutMs: 30_000 };

/** The largest page that is read, counted once it is decoded: it allows 4 KiB for each of 1,000 models. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** Far more than the API has models for; an upstream that never comes to an end is left. */
const MAX_PAGES = 10;
const HEADERS = { 'anthropic-version': '2023-06-01' };
const NONE: ReadonlySet<string> = new Set();
/** The limit that this route counts against. */
const USE = createLimitGroups([])({ operation: 'models', model: '' });

export interface ModelListDeps {
  readonly upstreams: UpstreamPool;
  readonly pool: Dispatcher;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/**
 * Resolves with the whole list, or with undefined while no upstream has a closed circuit and a healthy key.
 * @throws {AppError} what the transport throws; timeout for a page or a list that takes too long;
 *   bad_upstream_response for an answer that is no list, or a page of over 4 MiB
 */
export type ListModels = (signal: AbortSignal) => Promise<readonly ModelFacts[] | undefined>;

export function createModelList(
  { pageTimeoutMs, timeoutMs }: ModelListOptions,
  { upstreams, pool, wallClock }: ModelListDeps,
): ListModels {
  const onTimeout = () =>
    new AppError('timeout', `the list of models was not complete within ${timeoutMs} ms`);
  const pipeline = createPipeline(createTransport(pool, { maxResponseBytes: MAX_PAGE_BYTES }))
    .use(attemptTimeout(pageTimeoutMs))
    .use(readResponse({ firstEventTimeoutMs: pageTimeoutMs, silenceMs: pageTimeoutMs }))
    .use(sign({ secret: signingSecret }, { now: wallClock, nonce: randomUUID }));
  return async function listModels(signal) {
    const upstream = upstreams.pickClosed(NONE, ({ keys }) => keys.hasHealthy(USE))?.upstream;
    if (!upstream) return undefined;
    const key = upstream.keys.pick(USE).secret;
    using limit = new LinkedAbort(signal, { timeoutMs, onTimeout });
    const request = {
      upstream,
      key,
      signal: limit.signal,
      headers: { ...HEADERS, ...upstream.headers },
    };
    const models: ModelFacts[] = [];
    let after = '';
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = await readPage(pipeline, after, request);
      models.push(...page.models);
      if (page.next === undefined || page.next === after) break;
      after = page.next;
    }
    return asCallersName(models, upstream);
  };
}

/** An upstream may have names of its own for models that callers ask for by others. */
function asCallersName(models: readonly ModelFacts[], upstream: Upstream): readonly ModelFacts[] {
  const names = new Map(Object.entries(upstream.models).map(([name, theirs]) => [theirs, name]));
  return models.map((model) => ({ ...model, id: names.get(model.id) ?? model.id }));
}

/** @param after the last ID of the page before, `''` for the first page */
async function readPage(
  pipeline: Pipeline,
  after: string,
  request: Parameters<Pipeline['get']>[1],
) {
  const query = after && `&after_id=${encodeURIComponent(after)}`;
  const { status, data } = await pipeline.get(`/v1/models?limit=${MAX_PAGE}${query}`, request);
  const body = status === 200 && typeof data === 'string' ? parseObject(data) : undefined;
  if (!body || !Array.isArray(body['data'])) {
    const message = `the upstream answered ${status} in place of a list of models`;
    throw new AppError('bad_upstream_response', message);
  }
  return readModels(body);
}

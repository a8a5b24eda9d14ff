/**
 * Trae over undici: the only importer of trae. Trae's global `fetch` is the slowest road to the
 * network that Node has, so a subclass replaces that one method (docs/adr/0001).
 */
import type { LookupFunction } from 'node:net';
import trae, { type Trae, type TraeConfig, type TraeResponse } from 'trae';
import { Agent, type Dispatcher, request as undiciRequest } from 'undici';
import { AppError } from '../errors.ts';
import type { PipelineRequest, PipelineResponse } from '../pipeline/stage.ts';

/** A path from the root, and no authority (`//host`). */
const PATH = /^\/(?![/\\])/;

const LeanBase = trae.constructor as new (config?: { baseUrl?: string }) => Trae;

/** Trae with its request hooks, base URL and merging, but undici's `request` for the network. */
class LeanTrae extends LeanBase {
  readonly #dispatcher: Dispatcher;

  constructor(baseUrl: string, dispatcher: Dispatcher) {
    super({ baseUrl });
    this.#dispatcher = dispatcher;
  }

  protected override async _fetch(url: string, merged: TraeConfig): Promise<TraeResponse> {
    const config = await this._middleware.resolveBefore({
      ...merged,
      method: merged.method.toUpperCase(),
    });
    const sent = undiciRequest(url, {
      dispatcher: this.#dispatcher,
      method: config.method as Dispatcher.HttpMethod,
      headers: config.headers,
      body: config.body ?? null,
      signal: config.signal ?? null,
    });
    const response = await (config.signal ? untilAborted(sent, config.signal) : sent);
    const { statusCode, body } = response;
    const raw = config.bodyType === 'raw' && statusCode < 300;
    return {
      status: statusCode,
      headers: flatten(response.headers),
      data: raw ? body : await body.text(),
      config,
    };
  }
}

/** undici looks at the signal of a request only once it has a connection for it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** Bytes of an answer, whole or streamed; the longest answers of a model have a few. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Pool figures. The article's `timeout: 60000` is socket inactivity: `idleTimeoutMs` here. */
export interface PoolOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** An idle socket is closed after this; keep it below the server's, or its close hits a call. */
  readonly keepAliveMs: number;
  readonly idleTimeoutMs: number;
  /** After this a connection takes no more requests, so that a change in DNS is followed under load. */
  readonly maxAgeMs: number;
  /** Default: the system's. */
  readonly lookup?: LookupFunction;
}

/** @returns undici's agent, which pools connections for each origin */
export function createPool(options: PoolOptions): Agent {
  return new Agent({
    connections: options.connections,
    connect: {
      timeout: options.connectTimeoutMs,
      ...(options.lookup && { lookup: options.lookup }),
    },
    clientTtl: options.maxAgeMs,
    maxResponseSize: MAX_ANSWER_BYTES,
    // It would put a hundred calls on each connection, and the pool would bound nothing.
    allowH2: false,
    keepAliveTimeout: options.keepAliveMs,
    keepAliveMaxTimeout: options.keepAliveMs,
    bodyTimeout: options.idleTimeoutMs,
    // Headers of a whole answer come only after its generation: the attempt's limit rules there.
    headersTimeout: 0,
  });
}

/** Sums over the pool's origins. */
export function poolStates(pool: Agent): { open: number; free: number; pending: number } {
  const sums = { open: 0, free: 0, pending: 0 };
  for (const stats of Object.values(pool.stats)) {
    sums.open += Number(stats.connected);
    sums.free += 'free' in stats ? stats.free : 0;
    sums.pending += 'queued' in stats ? stats.queued : stats.pending;
  }
  return sums;
}

/**
 * Sends one request. A stream's bytes come as undici's readable, everything else as text.
 * @throws {AppError} network_error; internal_error for a URL that is no path; or the signal's reason
 *   when it was aborted
 */
export type Transport = (
  request: PipelineRequest,
  bodyType: 'raw' | 'text',
) => Promise<PipelineResponse>;

/**
 * @param baseUrl for requests without an upstream: a pipeline used on its own
 * @param pool the caller owns and closes it
 */
export function createTransport(baseUrl: string, pool: Dispatcher): Transport {
  const api = new LeanTrae('', pool);
  const own = baseUrl.replace(/\/$/, '');
  return async ({ method, url, headers, body, signal, upstream }, bodyType) => {
    signal.throwIfAborted();
    // Trae takes an absolute URL in place of its base URL, and the key would go there.
    if (!PATH.test(url)) throw new AppError('internal_error', 'an upstream URL must be a path');
    try {
      const response = await api.request({
        method,
        url: (upstream?.baseUrl ?? own) + url,
        headers: { ...headers },
        signal,
        bodyType,
        ...(body !== undefined && { body }),
      });
      return {
        status: response.status,
        headers: response.headers,
        data: response.data as PipelineResponse['data'],
      };
    } catch (error) {
      throw transportError(error, signal);
    }
  };
}

/** Never the cause's own message to the caller: it can hold addresses. */
export function transportError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') {
    return new AppError('timeout', 'the upstream fell silent', { retryable: true, cause: error });
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new AppError('bad_upstream_answer', 'the upstream answers without end', {
      cause: error,
    });
  }
  return new AppError('network_error', 'the upstream cannot be reached', {
    retryable: true,
    cause: error,
  });
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

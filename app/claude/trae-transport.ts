/**
 * Trae over undici: the only importer of trae. Trae's global `fetch` is the slowest path to the network
 * that Node has, so a subclass replaces that one method (docs/adr/0001).
 */
import { text } from 'node:stream/consumers';
import trae, { type Trae, type TraeConfig, type TraeResponse } from 'trae';
import { type Dispatcher, request as undiciRequest } from 'undici';
import { parseLines } from '../anthropic/json-lines.ts';
import { type EventStream, EventTooLargeError, parseEvents } from '../anthropic/sse.ts';
import { AppError } from '../errors.ts';
import { outcomeOfStatus } from '../outcome.ts';
import type { Next, PipelineRequest } from '../pipeline/stage.ts';
import { CodingError, decodedBody } from './decoded-body.ts';
import { networkCauseOf } from './network-cause.ts';

/** A path from the root, without an authority (`//host`). */
const PATH = /^\/(?![/\\])/;

const LeanBase = trae.constructor as new (config?: { baseUrl?: string }) => Trae;

/** Trae with its request hooks, base URL and merging, but undici's `request` for the network. */
class LeanTrae extends LeanBase {
  readonly #dispatcher: Dispatcher;
  readonly #maxBytes: number | undefined;

  constructor(dispatcher: Dispatcher, maxBytes?: number) {
    super({ baseUrl: '' });
    this.#dispatcher = dispatcher;
    this.#maxBytes = maxBytes;
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
      bodyTimeout: config.bodyTimeout ?? null,
    });
    const response = await (config.signal ? untilAborted(sent, config.signal) : sent);
    const { statusCode, body } = response;
    const headers = flatten(response.headers);
    // Before the body, which may break off.
    config.onHeaders?.(headers);
    const bytes = decodedBody(body, headers['content-encoding'], this.#maxBytes);
    const raw = config.bodyType === 'raw' && mayBeStream(statusCode, headers);
    const data = raw ? bytes : await (bytes === body ? body.text() : text(bytes));
    return { status: statusCode, headers, data, config };
  }
}

/** Events, and lists of JSON lines. */
const STREAM_TYPES =
  /^(?:(?:text\/event-stream|application\/(?:x-)?(?:jsonl|ndjson|binary|octet-stream))\b|$)/i;

/** A stream comes with 200; what says that it is something else is read as that, because it was paid for. */
function mayBeStream(status: number, headers: Readonly<Record<string, string>>): boolean {
  return status === 200 && STREAM_TYPES.test(headers['content-type'] ?? '');
}

/** undici looks at the signal of a request only once it has a connection for it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

export interface TransportOptions {
  /** Takes streams of JSON lines. Default: the pool of all else. */
  readonly unlimitedPool?: Dispatcher | undefined;
  /** The largest response that is read, counted once it is decoded. Default: what the pool in use allows. */
  readonly maxResponseBytes?: number;
}

/**
 * @param pool the caller owns and closes it, and `unlimitedPool`
 * @returns what sends one request: a stream's `data` is its events, any other response is text
 * @throws {AppError} network_error, resources_exhausted, timeout or bad_upstream_response; internal_error for a URL that is
 *   not a path or a request without an upstream; or the signal's reason when it was aborted. A stream
 *   throws the same while it is read.
 */
export function createTransport(
  pool: Dispatcher,
  { unlimitedPool = pool, maxResponseBytes }: TransportOptions = {},
): Next {
  const api = new LeanTrae(pool, maxResponseBytes);
  const unlimitedApi = new LeanTrae(unlimitedPool);
  return async function transport(request) {
    const { method, url, headers, key, body, stream, signal, upstream, attempt } = request;
    signal.throwIfAborted();
    if (!upstream) throw new AppError('internal_error', 'a request needs an upstream');
    // Trae takes an absolute URL in place of its base URL, and the key would go there.
    if (!PATH.test(url)) throw new AppError('internal_error', 'an upstream URL must be a path');
    try {
      const response = await (request.lines ? unlimitedApi : api).request({
        method,
        url: upstream.baseUrl + url,
        // Answers are read here, so a coding would cost more time than it saves.
        headers: {
          ...headers,
          'accept-encoding': 'identity',
          ...(key && { 'x-api-key': key.reveal() }),
        },
        signal,
        onHeaders: (received) => attempt?.setHeaders(received),
        bodyType: stream ? 'raw' : 'text',
        // Whoever reads the events has a limit of its own for their silence.
        ...(stream && !request.lines && { bodyTimeout: 0 }),
        ...(body !== undefined && { body }),
      });
      return {
        status: response.status,
        headers: response.headers,
        data: dataOf(response.data as string | AsyncIterable<Uint8Array>, request),
        outcome: Promise.resolve(outcomeOfStatus(response.status)),
      };
    } catch (error) {
      throw transportError(error, request);
    }
  };
}

function dataOf(
  data: string | AsyncIterable<Uint8Array>,
  request: PipelineRequest,
): string | EventStream {
  if (typeof data === 'string') return data;
  const parse = request.lines ? parseLines : parseEvents;
  return parse(data, (error) => transportError(error, request));
}

/** The cause's own message never reaches the caller: it can hold addresses. */
function transportError(error: unknown, { signal, attempt }: PipelineRequest): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  if (error instanceof EventTooLargeError || error instanceof CodingError) {
    return new AppError('bad_upstream_response', error.message, { cause: error });
  }
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') {
    return new AppError('timeout', 'the upstream fell silent', { retryable: true, cause: error });
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new AppError('bad_upstream_response', 'the response exceeds 64 MiB', { cause: error });
  }
  const cause = networkCauseOf(error);
  attempt?.setNetworkCause(cause);
  if (cause === 'local') {
    const message = 'the service lacks what it needs to reach the upstream';
    return new AppError('resources_exhausted', message, { retryAfterMs: 1_000, cause: error });
  }
  const message = 'the upstream cannot be reached';
  return new AppError('network_error', message, { retryable: true, cause: error });
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

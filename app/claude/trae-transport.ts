/**
 * Trae over undici: the only importer of trae. Trae's global `fetch` is the slowest path to the network
 * that Node has, and it merges every request deeply, so a subclass replaces the two methods that do it
 * (docs/adr/0001, docs/adr/0044).
 */
import { text } from 'node:stream/consumers';
import trae, { type Trae, type TraeConfig, type TraeResponse } from 'trae';
import type { Dispatcher } from 'undici';
import { parseLines } from '../anthropic/json-lines.ts';
import { type EventStream, EventTooLargeError, parseEvents } from '../anthropic/sse.ts';
import { AppError } from '../errors.ts';
import type { Secret } from '../keys/secret.ts';
import { outcomeOfStatus } from '../outcome.ts';
import type { Next, PipelineRequest } from '../pipeline/stage.ts';
import { CodingError, decodedBody, isPlain } from './decoded-body.ts';
import { exchange, type Head } from './exchange.ts';
import { networkCauseOf } from './network-cause.ts';
import { createTargets } from './targets.ts';

/** A path from the root, without an authority (`//host`). */
const PATH = /^\/(?![/\\])/;

const LeanBase = trae.constructor as new (config?: { baseUrl?: string }) => Trae;

/** Trae with its request hooks, but no defaults to merge, and undici's dispatcher for the network. */
class LeanTrae extends LeanBase {
  readonly #dispatcher: Dispatcher;
  readonly #maxBytes: number | undefined;
  readonly #targetOf = createTargets();

  constructor(dispatcher: Dispatcher, maxBytes?: number) {
    super({ baseUrl: '' });
    this.#dispatcher = dispatcher;
    this.#maxBytes = maxBytes;
  }

  /** Takes an absolute URL. */
  override request(config: TraeConfig): Promise<TraeResponse> {
    return this._fetch(config.url, config);
  }

  protected override _fetch(url: string, config: TraeConfig): Promise<TraeResponse> {
    // Nothing is waited for where there are no hooks.
    if (this._middleware._before.length === 0) return this.#send(url, config);
    return this._middleware.resolveBefore(config).then((hooked) => this.#send(url, hooked));
  }

  #send(url: string, config: TraeConfig): Promise<TraeResponse> {
    const { origin, path } = this.#targetOf(url);
    return exchange(
      this.#dispatcher,
      {
        origin,
        path,
        method: config.method as Dispatcher.HttpMethod,
        headers: config.headers,
        body: config.body ?? null,
        bodyTimeout: config.bodyTimeout ?? null,
      },
      { signal: config.signal, onHead: (head) => this.#isText(head, config) },
    );
  }

  /** @returns whether the body is wanted as text, and is text as it comes */
  #isText(head: Head, { bodyType, onHeaders }: TraeConfig): boolean {
    // Before the body, which may break off.
    onHeaders?.(head.headers);
    if (this.#maxBytes !== undefined || !isPlain(head.headers['content-encoding'])) return false;
    return bodyType !== 'raw' || !mayBeStream(head);
  }

  /** @returns the text that was not read at once, or the bytes of a stream */
  read(response: TraeResponse, chunks: AsyncIterable<Uint8Array>, wantsStream: boolean) {
    const bytes = decodedBody(chunks, response.headers['content-encoding'], this.#maxBytes);
    return wantsStream && mayBeStream(response) ? bytes : text(bytes);
  }
}

/** Events, and lists of JSON lines. */
const STREAM_TYPES =
  /^(?:(?:text\/event-stream|application\/(?:x-)?(?:jsonl|ndjson|binary|octet-stream))\b|$)/i;

/** A stream comes with 200; what says that it is something else is read as that, because it was paid for. */
function mayBeStream({ status, headers }: Head): boolean {
  return status === 200 && STREAM_TYPES.test(headers['content-type'] ?? '');
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
    const { method, url, key, body, stream, signal, upstream, attempt } = request;
    signal.throwIfAborted();
    if (!upstream) throw new AppError('internal_error', 'a request needs an upstream');
    // Trae takes an absolute URL in place of its base URL, and the key would go there.
    if (!PATH.test(url)) throw new AppError('internal_error', 'an upstream URL must be a path');
    const trae = request.lines ? unlimitedApi : api;
    try {
      const response = await trae.request({
        method,
        url: upstream.baseUrl + url,
        headers: headersOf(request.headers, key),
        signal,
        onHeaders: (received) => attempt?.setHeaders(received),
        bodyType: stream ? 'raw' : 'text',
        // Whoever reads the events has a limit of its own for their silence.
        bodyTimeout: stream && !request.lines ? 0 : undefined,
        body,
      });
      const { status, headers, data } = response;
      const read = typeof data === 'string' ? data : await trae.read(response, data, stream);
      return { status, headers, data: dataOf(read, request), outcome: outcomeOfStatus(status) };
    } catch (error) {
      throw transportError(error, request);
    }
  };
}

function headersOf(given: PipelineRequest['headers'], key: Secret | undefined) {
  // Answers are read here, so a coding would cost more time than it saves.
  const headers: Record<string, string> = { ...given, 'accept-encoding': 'identity' };
  if (key) headers['x-api-key'] = key.reveal();
  return headers;
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

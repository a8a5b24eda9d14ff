/** The public routes: reads a request once, lets a fault bite, else answers with the profile's delay. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, FaultKind } from './faults.ts';
import { type Latency, PROFILES, sampleMs } from './latency.ts';
import { maskKey } from './request-log.ts';
import {
  type Ask,
  answerTo,
  checkRequest,
  inputTokens,
  MODELS,
  messageBody,
  sse,
  streamParts,
} from './responses.ts';
import type { SimulatorState } from './server.ts';

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
const REGION_PATH = /^\/regions\/([a-z0-9-]{1,32})(\/v1\/.*)$/;
const RATE_LIMIT = 50_000;

/** One request while it is being served. */
interface Exchange {
  readonly state: SimulatorState;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly region: string;
  /** Without the region and the query. */
  readonly path: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

export async function serveApi(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const [, region = 'default', path = url] = REGION_PATH.exec(url) ?? [];
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const requestId = `req_sim_${state.ring.seen.toString(36).padStart(10, '0')}`;
  const exchange = { state, request, response, region, path, requestId, signal: gone.signal };
  setHeaders(exchange);
  const body = await readBody(request);
  if (gone.signal.aborted) return;
  await answer(exchange, body).catch((error) => {
    // The caller went away while we waited: nobody is left to answer.
    if (!gone.signal.aborted) throw error;
  });
}

/** Rate-limit headers as the real API has them: https://docs.anthropic.com/en/api/rate-limits */
function setHeaders({ state, response, requestId }: Exchange): void {
  response.setHeader('request-id', requestId);
  response.setHeader('anthropic-organization-id', 'org-of-the-simulator');
  const reset = new Date(Date.now() + 60_000).toISOString();
  for (const family of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
    const name = `anthropic-ratelimit-${family}`;
    response.setHeader(`${name}-limit`, RATE_LIMIT);
    response.setHeader(`${name}-remaining`, Math.max(0, RATE_LIMIT - (state.ring.seen % 1000)));
    response.setHeader(`${name}-reset`, reset);
  }
}

type Body = { readonly value: unknown } | { readonly problem: 'too large' | 'not JSON' };

async function readBody(request: IncomingMessage): Promise<Body> {
  if (request.method !== 'POST') return { value: undefined };
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) return { problem: 'too large' };
    chunks.push(chunk);
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch {
    return { problem: 'not JSON' };
  }
}

async function answer(exchange: Exchange, body: Body): Promise<void> {
  const { state, request, region } = exchange;
  const ask = ('value' in body ? body.value : undefined) as Partial<Ask> | undefined | null;
  const key = keyOf(request);
  const stream = ask?.stream === true;
  const keyIsKnown = state.keys.has(key);
  const target = { region, key, maskedKey: maskKey(key), stream };
  const fault = keyIsKnown ? state.faults.pick(target) : undefined;
  await handle(exchange, body, keyIsKnown, fault).finally(() => {
    const { response, path } = exchange;
    state.ring.add({
      atMs: Date.now(),
      method: request.method ?? '',
      path,
      region,
      rawHeaders: request.headers,
      model: typeof ask?.model === 'string' ? ask.model : '',
      stream,
      status: response.headersSent ? response.statusCode : 0,
      fault: fault?.kind ?? null,
    });
  });
}

/** Clients send the key as `x-api-key` or, as the official SDK does since 1.x, as a bearer token. */
function keyOf({ headers }: IncomingMessage): string {
  const key = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /i, '');
  return String(key ?? '');
}

async function handle(exchange: Exchange, body: Body, keyIsKnown: boolean, fault?: Fault) {
  if (!keyIsKnown) return error(exchange, 401, 'authentication_error', 'invalid x-api-key');
  if (fault && (await bite(exchange, fault))) return;
  if (exchange.request.headers['anthropic-version'] === undefined) {
    return error(exchange, 400, 'invalid_request_error', 'anthropic-version: header is required');
  }
  if ('problem' in body) {
    return body.problem === 'too large'
      ? error(exchange, 413, 'request_too_large', 'Request exceeds the maximum size')
      : error(exchange, 400, 'invalid_request_error', 'The request body is not valid JSON');
  }
  return dispatch(exchange, body.value, fault);
}

async function dispatch(exchange: Exchange, body: unknown, fault?: Fault): Promise<void> {
  const { path, request } = exchange;
  const counting = path === '/v1/messages/count_tokens';
  if (request.method === 'POST' && (counting || path === '/v1/messages')) {
    const problem = checkRequest(body, counting);
    if (problem) return error(exchange, 400, 'invalid_request_error', problem);
    const ask = body as Ask;
    if (counting) return json(exchange, 200, JSON.stringify({ input_tokens: inputTokens(ask) }));
    return ask.stream === true ? streamed(exchange, ask, fault) : whole(exchange, ask, fault);
  }
  if (request.method === 'GET' && path === '/v1/models') {
    const ids = { first_id: MODELS[0]?.id, last_id: MODELS.at(-1)?.id, has_more: false };
    return json(exchange, 200, JSON.stringify({ data: MODELS, ...ids }));
  }
  const model = MODELS.find(({ id }) => path === `/v1/models/${id}`);
  if (request.method === 'GET' && model) return json(exchange, 200, JSON.stringify(model));
  return error(exchange, 404, 'not_found_error', 'Not Found');
}

function json({ response }: Exchange, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

function error(exchange: Exchange, status: number, type: string, message: string): void {
  const body = { type: 'error', error: { type, message }, request_id: exchange.requestId };
  json(exchange, status, JSON.stringify(body));
}

/** Lets a fault bite before the answer. @returns whether the request is done with */
async function bite(exchange: Exchange, fault: Fault): Promise<boolean> {
  const { response, signal } = exchange;
  switch (fault.kind) {
    case 'rate_limited':
      response.setHeader('retry-after', fault.retryAfterS ?? 1);
      error(exchange, 429, 'rate_limit_error', 'simulated: rate limit');
      return true;
    case 'overloaded':
      error(exchange, 529, 'overloaded_error', 'simulated: Overloaded');
      return true;
    case 'error_500':
    case 'error_502':
    case 'error_503':
      error(exchange, Number(fault.kind.slice(-3)), 'api_error', `simulated: ${fault.kind}`);
      return true;
    case 'html':
      response.writeHead(502, { 'content-type': 'text/html' });
      response.end('<html><body><h1>502 Bad Gateway</h1></body></html>');
      return true;
    case 'hang':
      await closed(exchange);
      return true;
    case 'reset':
      response.socket?.resetAndDestroy();
      return true;
    case 'slow':
      await delay(fault.delayMs ?? 2_000, undefined, { signal });
      return false;
    default:
      return false;
  }
}

/** Says nothing more until the other end gives up. */
async function closed({ response, signal }: Exchange): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => response.once('close', resolve));
}

function wait({ state, signal }: Exchange, part: 'whole' | 'firstToken' | 'chunk') {
  const latency: Latency | undefined = PROFILES[state.profile]?.[part];
  if (!latency) return undefined;
  return delay(sampleMs(latency, state.random), undefined, { signal });
}

async function whole(exchange: Exchange, ask: Ask, fault?: Fault): Promise<void> {
  await wait(exchange, 'whole');
  const body = messageBody(answerTo(ask, exchange.state.ring.seen));
  const cut = fault?.kind === 'malformed_json';
  json(exchange, 200, cut ? body.slice(0, body.length / 2) : body);
}

async function streamed(exchange: Exchange, ask: Ask, fault?: Fault): Promise<void> {
  const { response, state } = exchange;
  const { start, chunks, end } = streamParts(answerTo(ask, state.ring.seen));
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const limit = breaksAfter(fault);
  if (state.profile === 'none' && limit === undefined) {
    response.end(start + chunks.join('') + end);
    return;
  }
  response.write(start);
  await wait(exchange, 'firstToken');
  for (const [i, chunk] of chunks.entries()) {
    if (i === limit) break;
    if (i > 0) await wait(exchange, 'chunk');
    response.write(chunk);
  }
  if (fault?.kind === 'stream_hang') return closed(exchange);
  response.end(limit === undefined ? end : lastWords(fault));
}

const BREAK_STREAMS: ReadonlySet<FaultKind> = new Set([
  'stream_error',
  'stream_cut',
  'stream_hang',
  'malformed_json',
]);

/** After how many chunks a stream breaks off; undefined where it does not. */
function breaksAfter(fault: Fault | undefined): number | undefined {
  const breaks = fault && BREAK_STREAMS.has(fault.kind);
  return breaks ? (fault.afterChunks ?? 1) : undefined;
}

function lastWords(fault: Fault | undefined): string {
  if (fault?.kind === 'stream_error') {
    return sse('error', { error: { type: 'overloaded_error', message: 'simulated: Overloaded' } });
  }
  return fault?.kind === 'malformed_json' ? 'event: content_block_delta\ndata: {"type":\n\n' : '';
}

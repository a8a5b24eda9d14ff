/** The routes of the Messages API: reads a request, checks its key, answers and records it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { handleBatches, isBatchPath } from './batch-routes.ts';
import { startClaudeSpan } from './claude-spans.ts';
import { createMessage } from './content.ts';
import {
  type Exchange,
  injectFault,
  sendComplete,
  sendError,
  sendJson,
  sendStream,
} from './exchange.ts';
import type { Fault, Target } from './faults.ts';
import { findModel, modelsPage } from './models.ts';
import { maskKey } from './request-log.ts';
import { type MessageRequest, problemWith, problemWithVersion } from './requests.ts';
import type { SimulatorState } from './state.ts';
import { inputTokens, tokensOf, UNCACHED } from './usage.ts';

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
const REGION_PATH = /^\/regions\/([a-z0-9-]{1,32})(\/v1\/.*)$/;

export async function handleApi(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const [, region = 'default', path = url] = REGION_PATH.exec(url) ?? [];
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const requestId = `req_sim_${state.requestLog.seen.toString(36).padStart(10, '0')}`;
  const span = startSpan(state, request, response, { path, requestId });
  const { signal } = closed;
  const exchange = { state, request, response, region, path, requestId, span, signal };
  setHeaders(exchange);
  if (path === '/v1/organizations/analytics/cost') return sendCostReport(exchange);
  const body = await readBody(request);
  if (closed.signal.aborted) return;
  await serve(exchange, body).catch((error) => {
    // The caller may have disconnected during a delay: then nobody is left to answer.
    if (!closed.signal.aborted) throw error;
  });
}

/** Whoever has no key has no organization that could have asked for spans. */
function startSpan(
  { spans, keys }: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
  { path, requestId }: Pick<Exchange, 'path' | 'requestId'>,
) {
  if (!spans || !keys.has(keyOf(request))) return undefined;
  return startClaudeSpan(request, path, requestId, { response, done: spans.add });
}

function setHeaders({ response, requestId }: Exchange): void {
  response.setHeader('request-id', requestId);
  response.setHeader('anthropic-organization-id', 'org-of-the-simulator');
}

type Body =
  | { readonly value: unknown; readonly text: string }
  | { readonly problem: 'too large' | 'not JSON' };

async function readBody(request: IncomingMessage): Promise<Body> {
  if (request.method !== 'POST') return { value: undefined, text: '' };
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) return { problem: 'too large' };
    chunks.push(chunk);
  }
  try {
    const text = Buffer.concat(chunks).toString('utf8');
    // Cancelling a batch takes no body.
    return { value: text === '' ? undefined : JSON.parse(text), text };
  } catch {
    return { problem: 'not JSON' };
  }
}

/** Answers a request and records it, whatever became of it. */
async function serve(exchange: Exchange, body: Body): Promise<void> {
  const { state, request, response, region, path } = exchange;
  const fields = fieldsOf(body);
  const stream = fields['stream'] === true;
  const model = typeof fields['model'] === 'string' ? fields['model'] : '';
  const speed = fields['speed'] === 'fast' ? 'fast' : 'standard';
  const key = keyOf(request);
  const accepted = state.keys.has(key);
  const target = { region, key, maskedKey: maskKey(key), stream, model, speed, path };
  const fault = accepted ? state.faults.pick(target) : undefined;
  if (accepted) countAgainstLimits(exchange, body, target, fault);
  try {
    await respond(exchange, body, accepted, fault);
  } finally {
    state.requestLog.add({
      atMs: Date.now(),
      method: request.method ?? '',
      path,
      region,
      rawHeaders: request.headers,
      model,
      stream,
      status: response.headersSent ? response.statusCode : 0,
      fault: fault?.kind ?? null,
    });
  }
}

function countAgainstLimits(
  { state, response }: Exchange,
  body: Body,
  { key, path, model, speed }: Target,
  fault?: Fault,
): void {
  const inputTokens = 'text' in body ? tokensOf(body.text) : 0;
  const maxTokens = Math.max(0, Number(fieldsOf(body)['max_tokens']) || 0);
  const counted = { key, path, model, speed, inputTokens, maxTokens };
  const isRefused = fault?.kind === 'rate_limited';
  const usedUpForMs = isRefused ? (fault.retryAfterS ?? 1) * 1_000 : undefined;
  response.setHeaders(state.rateLimits.count(counted, Date.now(), usedUpForMs));
}

function fieldsOf(body: Body): Partial<Record<string, unknown>> {
  return (('value' in body ? body.value : undefined) ?? {}) as Partial<Record<string, unknown>>;
}

/** The key comes as `x-api-key` or, from the official SDK since 1.x, as a bearer token. */
function keyOf({ headers }: IncomingMessage): string {
  const key = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /i, '');
  return String(key ?? '');
}

async function respond(
  exchange: Exchange,
  body: Body,
  accepted: boolean,
  fault?: Fault,
): Promise<void> {
  if (!accepted) return sendError(exchange, 401, 'authentication_error', 'invalid x-api-key');
  const stream = fieldsOf(body)['stream'] === true;
  if (fault && (await injectFault(exchange, fault, stream))) return;
  const invalid = (message: string) => sendError(exchange, 400, 'invalid_request_error', message);
  const problem = problemWithVersion(exchange.request.headers['anthropic-version']);
  if (problem) return invalid(problem);
  if (!('problem' in body)) return dispatch(exchange, body, fault);
  if (body.problem === 'not JSON') return invalid('The request body is not valid JSON');
  return sendError(exchange, 413, 'request_too_large', 'Request exceeds the maximum size');
}

async function dispatch(
  exchange: Exchange,
  body: Exclude<Body, { problem: unknown }>,
  fault?: Fault,
): Promise<void> {
  const { path, request } = exchange;
  if (isBatchPath(path)) return handleBatches(exchange, body.value);
  if (request.method === 'POST' && path === '/v1/messages')
    return sendMessage(exchange, body, fault);
  if (request.method === 'POST' && path === '/v1/messages/count_tokens') {
    return sendCount(exchange, body.value);
  }
  if (request.method === 'GET' && path === '/v1/models') {
    const { searchParams } = new URL(request.url ?? '', 'http://simulator');
    return sendObject(exchange, modelsPage(searchParams, exchange.state.daysLeft));
  }
  const id = /^\/v1\/models\/([^/]+)$/.exec(path)?.[1];
  const model = id === undefined ? undefined : findModel(id, exchange.state.daysLeft);
  if (request.method === 'GET' && model) return sendObject(exchange, model);
  const message = id === undefined ? 'Not Found' : `model: ${id}`;
  return sendError(exchange, 404, 'not_found_error', message);
}

function sendMessage(
  exchange: Exchange,
  { value, text }: Exclude<Body, { problem: unknown }>,
  fault?: Fault,
): void | Promise<void> {
  const { state, request } = exchange;
  const version = request.headers['anthropic-version'];
  const problem = problemWith(value, { counting: false, version });
  if (problem) return sendError(exchange, 400, 'invalid_request_error', problem);
  const message = value as MessageRequest;
  // Most requests cache nothing, and finding that out must cost nothing.
  const cache = text.includes('"cache_control"') ? state.promptCache.use(message) : UNCACHED;
  const answer = createMessage(message, state.requestLog.seen, cache);
  state.bill.add(answer, Date.now());
  exchange.span?.asked(message);
  return (message.stream === true ? sendStream : sendComplete)(exchange, answer, fault);
}

function sendCount(exchange: Exchange, value: unknown): void {
  const version = exchange.request.headers['anthropic-version'];
  const problem = problemWith(value, { counting: true, version });
  if (problem) sendError(exchange, 400, 'invalid_request_error', problem);
  else sendObject(exchange, { input_tokens: inputTokens(value as MessageRequest) });
}

/** An ordinary key opens none of the Admin API, and the administrator's nothing else. */
function sendCostReport(exchange: Exchange): void {
  const { state, request } = exchange;
  const key = request.headers['x-api-key'];
  if (state.adminKey === undefined || key !== state.adminKey) {
    sendError(exchange, 401, 'authentication_error', 'invalid x-api-key');
    return;
  }
  const { searchParams } = new URL(request.url ?? '', 'http://simulator');
  try {
    const beta = String(request.headers['anthropic-beta'] ?? '');
    sendObject(exchange, state.bill.report(searchParams, beta, Date.now() + state.billAheadMs));
  } catch (error) {
    sendError(exchange, 400, 'invalid_request_error', (error as TypeError).message);
  }
}

function sendObject(exchange: Exchange, value: object): void {
  sendJson(exchange, 200, JSON.stringify(value));
}

/** Sends the simulator's responses, with the active profile's latency and the picked fault. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type CodedAnswer, changed, codedErrorOf } from './answer-faults.ts';
import type { ClaudeSpan } from './claude-spans.ts';
import type { Message } from './content.ts';
import type { Fault } from './faults.ts';
import { PROFILES, type Profile, sampleMs } from './latency.ts';
import { messageBody, sse, streamEvents } from './responses.ts';
import type { SimulatorState } from './state.ts';

/** One request while it is being served. */
export interface Exchange {
  readonly state: SimulatorState;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly region: string;
  /** Without the region and the query. */
  readonly path: string;
  readonly requestId: string;
  /** Claude's own span of the request; absent where none is exported. */
  readonly span: ClaudeSpan | undefined;
  /** Fires when the connection closes. */
  readonly signal: AbortSignal;
}

export function sendJson({ response }: Exchange, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

/** Sends an error in Anthropic's shape: https://docs.anthropic.com/en/api/errors */
export function sendError(exchange: Exchange, status: number, type: string, message: string): void {
  exchange.span?.fail(type);
  const body = { type: 'error', error: { type, message }, request_id: exchange.requestId };
  sendJson(exchange, status, JSON.stringify(body));
}

/**
 * Applies a fault that comes before the answer.
 * @param stream whether the answer would be a stream
 * @returns whether the request is finished with it
 */
export async function injectFault(
  exchange: Exchange,
  fault: Fault,
  stream: boolean,
): Promise<boolean> {
  const coded = codedErrorOf(fault.kind);
  if (!coded) return failWith(exchange, fault);
  const isEvent = stream && fault.afterChunks !== undefined;
  if (!isEvent) sendCoded(exchange, coded, fault);
  return !isEvent;
}

async function failWith(exchange: Exchange, fault: Fault): Promise<boolean> {
  const { response, signal } = exchange;
  switch (fault.kind) {
    case 'rate_limited':
      response.setHeader('retry-after', fault.retryAfterS ?? 1);
      sendError(exchange, 429, 'rate_limit_error', 'simulated: rate limit');
      return true;
    case 'overloaded':
      sendError(exchange, 529, 'overloaded_error', 'simulated: Overloaded');
      return true;
    case 'error_500':
    case 'error_502':
    case 'error_503':
      sendError(exchange, Number(fault.kind.slice(-3)), 'api_error', `simulated: ${fault.kind}`);
      return true;
    case 'html':
      exchange.span?.discard();
      response.writeHead(502, { 'content-type': 'text/html' });
      response.end('<html><body><h1>502 Bad Gateway</h1></body></html>');
      return true;
    case 'hang':
      await untilClosed(exchange);
      return true;
    case 'reset':
      exchange.span?.discard();
      response.socket?.resetAndDestroy();
      return true;
    case 'slow':
      await delay(fault.delayMs ?? 2_000, undefined, { signal });
      return false;
    default:
      return false;
  }
}

/** Of the codes, only a ramp limit says when to come back. */
function sendCoded(exchange: Exchange, { status, error }: CodedAnswer, fault: Fault): void {
  if (fault.kind === 'error_code:ramp_limit_exceeded') {
    exchange.response.setHeader('retry-after', fault.retryAfterS ?? 1);
  }
  exchange.span?.fail(error.type);
  const body = { type: 'error', error, request_id: exchange.requestId };
  sendJson(exchange, status, JSON.stringify(body));
}

/** Sends nothing more until the caller closes the connection. */
async function untilClosed({ response, signal }: Exchange): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => response.once('close', resolve));
}

async function latency({ state, signal }: Exchange, phase: keyof Profile): Promise<void> {
  const distribution = PROFILES[state.profile]?.[phase];
  if (!distribution) return;
  await delay(sampleMs(distribution, state.random), undefined, { signal });
}

export async function sendComplete(
  exchange: Exchange,
  message: Message,
  fault?: Fault,
): Promise<void> {
  await latency(exchange, 'complete');
  const answer = withFault(message, fault);
  exchange.span?.answered(answer);
  const body = messageBody(answer);
  const cut = fault?.kind === 'malformed_json';
  sendJson(exchange, 200, cut ? body.slice(0, body.length / 2) : body);
}

export async function sendStream(
  exchange: Exchange,
  message: Message,
  fault?: Fault,
): Promise<void> {
  const { response, state } = exchange;
  const answer = withFault(message, fault);
  const { start, chunks, end } = streamEvents(answer);
  exchange.span?.answered(answer);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const limit = breaksAfter(fault);
  if (state.profile === 'none' && limit === undefined && !isSlow(fault)) {
    exchange.span?.firstChunk();
    response.end(start + chunks.join('') + end);
    return;
  }
  response.write(start);
  await latency(exchange, 'firstToken');
  for (const [i, chunk] of chunks.entries()) {
    if (i === limit) break;
    if (i > 0) await latency(exchange, 'chunk');
    const pauseMs = pauseBefore(i, fault);
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: exchange.signal });
    exchange.span?.firstChunk();
    response.write(chunk);
  }
  if (fault?.kind === 'stream_hang') return untilClosed(exchange);
  if (limit !== undefined) exchange.span?.fail(errorTypeOf(fault));
  response.end(limit === undefined ? end : brokenEnd(fault, chunks[limit] ?? end, state.random));
}

function withFault(message: Message, fault: Fault | undefined): Message {
  return fault ? changed(message, fault.kind, fault.category ?? null) : message;
}

const BREAK_STREAMS: ReadonlySet<string> = new Set([
  'stream_error',
  'stream_cut',
  'stream_hang',
  'malformed_json',
]);

function isSlow(fault: Fault | undefined): boolean {
  return fault?.kind === 'stream_pause' || fault?.kind === 'slow_tokens';
}

/** @returns how long the fault keeps the chunk of this index back, milliseconds */
function pauseBefore(index: number, fault: Fault | undefined): number {
  if (fault?.kind === 'slow_tokens') return index > 0 ? (fault.everyMs ?? 100) : 0;
  const pauses = fault?.kind === 'stream_pause' && index === (fault.afterChunks ?? 1);
  return pauses ? (fault.delayMs ?? 2_000) : 0;
}

/** @returns the number of chunks after which the stream breaks; undefined if it does not */
function breaksAfter(fault: Fault | undefined): number | undefined {
  if (fault && codedErrorOf(fault.kind)) return fault.afterChunks;
  const breaks = fault && BREAK_STREAMS.has(fault.kind);
  return breaks ? (fault.afterChunks ?? 1) : undefined;
}

function errorTypeOf(fault: Fault | undefined): string {
  if (fault?.kind === 'stream_error') return 'overloaded_error';
  return (fault && codedErrorOf(fault.kind)?.error.type) ?? 'api_error';
}

/** @param next what would have come: a cut falls on any of its bytes, also inside a line or a character */
function brokenEnd(fault: Fault | undefined, next: string, random: () => number): string | Buffer {
  const coded = fault && codedErrorOf(fault.kind);
  if (coded) return sse('error', { error: coded.error });
  if (fault?.kind === 'stream_error') {
    return sse('error', { error: { type: 'overloaded_error', message: 'simulated: Overloaded' } });
  }
  if (fault?.kind === 'stream_cut') {
    const bytes = Buffer.from(next);
    return bytes.subarray(0, Math.floor(random() * bytes.length));
  }
  return fault?.kind === 'malformed_json' ? 'event: content_block_delta\ndata: {"type":\n\n' : '';
}

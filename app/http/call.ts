/** One call to the API, the same for a route and for an item of a batch: admission, deadline, keys, tokens. */
import type { Request, Response } from 'express';
import type { Caller } from '../callers/callers.ts';
import type { CallInput, CallResult, ClaudeClient } from '../claude/client.ts';
import { outcomeOfError } from '../errors.ts';
import type { OwnKeys } from '../pipeline/stage.ts';
import type { Redactor } from '../privacy/redactor.ts';
import type { Attribution, CallInfo, Recorder } from '../telemetry/recorder.ts';
import { attributionOf } from './attribution.ts';
import { localsOf } from './context.ts';
import { deadlineOf, headersUp, versionOf } from './headers.ts';
import type { Slot } from './slot.ts';

/** What the calls of one request have in common. */
export interface CallContext {
  readonly caller: Caller;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** When the request arrived, or the item's turn came: `performance.now()` milliseconds. */
  readonly receivedAtMs: number;
  /** How long the request's body took to arrive; 0 for an item of a batch, whose turn comes later. */
  readonly uploadMs: number;
  /** The caller's own deadline on that clock; Infinity without one. */
  readonly deadlineAtMs: number;
  /** The API version that the caller asks for; undefined where they name none. */
  readonly version: string | undefined;
  /** Whose work it is, as the caller says. */
  readonly attribution: Attribution;
  /** The caller's headers that go upstream. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws {AppError} invalid_request: the header of the deadline is malformed */
export function callContextOf(request: Request, response: Response): CallContext {
  const { caller, signal, receivedAtMs, uploadMs } = localsOf(response);
  const { headers } = request;
  const { deadlineMs = Number.POSITIVE_INFINITY } = deadlineOf(headers);
  return {
    caller,
    signal,
    receivedAtMs,
    uploadMs,
    deadlineAtMs: receivedAtMs + deadlineMs,
    version: versionOf(headers),
    attribution: attributionOf(headers),
    headers: headersUp(headers),
  };
}

/** What a call sends to the API. */
export type Ask = Pick<
  CallInput,
  'operation' | 'method' | 'url' | 'model' | 'stream' | 'fast' | 'lines' | 'body' | 'facts'
>;

export interface CallDeps {
  readonly client: ClaudeClient;
  /** Callers' own keys, by the caller's name; other callers use the upstreams' keys. */
  readonly ownKeys: ReadonlyMap<string, OwnKeys>;
  readonly redactor: Redactor;
}

/**
 * Runs an admitted call. A complete answer is redacted here, whoever asked for it; the events of a stream
 * are redacted as they are written.
 * @param slot is billed the call's tokens when its holder disposes of it
 * @throws {AppError} as `ClaudeClient.call`
 */
export async function callOnce(
  { client, ownKeys, redactor }: CallDeps,
  context: CallContext,
  slot: Slot,
  ask: Ask,
): Promise<CallResult> {
  const { caller, receivedAtMs, deadlineAtMs } = context;
  // Field by field, because spreading both takes longer than most of the stages do.
  const result = await client.call({
    operation: ask.operation,
    method: ask.method,
    url: ask.url,
    model: ask.model,
    stream: ask.stream,
    fast: ask.fast,
    lines: ask.lines,
    body: ask.body,
    facts: ask.facts,
    caller: caller.name,
    signal: context.signal,
    receivedAtMs,
    uploadMs: context.uploadMs,
    deadlineMs: Math.max(1, Math.round(deadlineAtMs - receivedAtMs)),
    version: context.version,
    attribution: context.attribution,
    headers: context.headers,
    ownKeys: ownKeys.get(caller.name),
    lendSlot: slot.lend,
  });
  slot.tokens = result.tokens;
  const { status, data } = result;
  if (typeof data !== 'string') return result;
  const clean = redactAnswer(status, data, redactor);
  return clean === data ? result : { ...result, data: clean };
}

/** An error may quote what a proxy was sent; of a success, which is the caller's, only our secrets are hidden. */
function redactAnswer(status: number, text: string, redactor: Redactor): string {
  if (status < 300) return redactor.secrets(text);
  const clean = redactor.line(text);
  return clean === text ? text : clean.trimEnd();
}

/** What a request asked for, as far as it was read when it was refused. */
export type Asked = Pick<CallInfo, 'operation'> &
  Partial<Pick<CallInfo, 'model' | 'stream' | 'facts'>>;

/** Records a request, or an item of a batch, that was refused before it became a call. */
export function recordRejection(
  recorder: Recorder,
  error: unknown,
  { operation, model = '', stream = false, facts }: Asked,
  context: Pick<CallContext, 'caller' | 'receivedAtMs' | 'uploadMs' | 'version' | 'attribution'>,
): void {
  const { caller, receivedAtMs, uploadMs, version, attribution } = context;
  const asked = { operation, model, stream, version, attribution, ...(facts && { facts }) };
  const info = { ...asked, caller: caller.name, receivedAtMs, uploadMs };
  recorder.recordRejection(info, outcomeOfError(error));
}

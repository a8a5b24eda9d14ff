/**
 * The package entry `claude-observatory/pipeline`: the pipeline for a service that exists already, without Express
 * and without settings. What this file exports is all that other projects rely on.
 */
import { readRequestFacts } from '../anthropic/request-facts.ts';
import { type CallInput, type CallResult, createClient } from '../claude/client.ts';
import { createPools, POOL_DEFAULTS, type PoolOptions, poolStates } from '../claude/pool.ts';
import { AppError } from '../errors.ts';
import type { KeyOwner } from '../keys/key-owner.ts';
import {
  createKeyStore,
  KEY_GRACE_PERIOD_MS,
  type KeySpec,
  type KeyStore,
  type KeyStoreDeps,
} from '../keys/key-store.ts';
import { KEY_TIMEOUT_MS } from '../keys/refresher.ts';
import { STREAM_DEFAULTS } from '../pipeline/read-response.ts';
import { BACKOFF_DEFAULTS } from '../pipeline/retry.ts';
import { type CallRecord, type Recorder, unrecordedCall } from '../telemetry/recorder.ts';
import { ANYBODY, type KeyRead } from '../telemetry/vocabulary.ts';
import { systemClock } from '../time/clock.ts';
import { BREAKER_DEFAULTS } from '../upstreams/circuit-breaker.ts';
import { RETRY_BUDGET_DEFAULTS, RetryBudget } from '../upstreams/retry-budget.ts';
import { type Upstream, UpstreamPool } from '../upstreams/upstream-pool.ts';
import { keySpec, type VaultOptions } from './key-spec.ts';
import {
  type CallOptions,
  type ClaudeOptions,
  type CompleteUpstream,
  checkDeadline,
  given,
  headersOf,
  jsonOf,
  type MessagesBody,
  upstreamsOf,
  withLimits,
} from './options.ts';

export type { EventStream, SseEvent } from '../anthropic/sse.ts';
export type { CallResult } from '../claude/client.ts';
export { AppError, type ErrorCode } from '../errors.ts';
export type { Outcome } from '../outcome.ts';
export type { CallRecord, Recorder } from '../telemetry/recorder.ts';
export type { CallOptions, ClaudeOptions, MessagesBody, UpstreamOptions } from './options.ts';
export { CALL_DEFAULTS } from './options.ts';
export type { ClaudeSources, ClaudeTelemetry } from './sources.ts';

const API_VERSION = '2023-06-01';
const SYSTEM = { clock: systemClock, wallClock: Date.now, random: Math.random };
const NEVER = new AbortController().signal;

export interface Claude {
  /**
   * `POST /v1/messages`. The promise resolves with an answer of any status, or with the beginning of a stream.
   * @throws {AppError} as `ClaudeClient.call`, and invalid_request for a header, a deadline or a body that cannot be
   *   sent; with `no_key` the cause says why a source of keys has none
   */
  messages<Body extends MessagesBody>(body: Body, options?: CallOptions): Promise<CallResult>;
  /** `POST /v1/messages/count_tokens`. @throws {AppError} as `messages` */
  countTokens<Body extends MessagesBody>(body: Body, options?: CallOptions): Promise<CallResult>;
  /** Closes the connections; what is in flight is cut off, and later calls fail. */
  close(): Promise<void>;
}

/**
 * @throws {TypeError} an option cannot work; the message names it and quotes no value
 * @example
 * const claude = createClaude({
 *   upstreams: [{ name: 'direct', url: 'https://api.anthropic.com', keys: 'env:CLAUDE_API_KEY' }],
 * });
 * const { status, data } = await claude.messages({ model, max_tokens: 64, messages });
 */
export function createClaude(options: ClaudeOptions): Claude {
  const failures = new Map<string, Error>();
  const onRead = (owner: KeyOwner, read: KeyRead) => {
    if (read.ok) failures.delete(read.source);
    else failures.set(read.source, read.error);
    telemetry?.onKeyRead(owner, read);
  };
  const { keys, close, telemetry, client } = createCalls(options, onRead);
  const ready = keys.ready();
  const call = async (...asked: Parameters<typeof toCall>) => {
    const input = toCall(...asked);
    await ready;
    return client.call(input).catch((error) => {
      throw withCause(error, failures);
    });
  };
  return {
    messages: (body, init) => call('chat', '/v1/messages', body, init),
    countTokens: (body, init) =>
      call('count_tokens', '/v1/messages/count_tokens', { ...body, stream: false }, init),
    async close() {
      keys.close();
      await close();
    },
  };
}

/** Makes the parts that calls pass through, and the telemetry that is told of them. */
function createCalls(options: ClaudeOptions, onRead: KeyStoreDeps['onRead']) {
  const { models = [], pseudonymize = false, vault = NO_VAULT, ...limits } = withLimits(options);
  const { connections, maxRetries, keyPollMs: pollMs } = limits;
  const list = upstreamsOf(options).map((one) => [one, keySpec(one.keys, process.env)] as const);
  const { close, ...pools } = createPools({
    ...POOL_DEFAULTS,
    ...given<PoolOptions>(options.pool ?? {}),
    connections,
  });
  // Reads begin here, so all that can be refused has been.
  const keys = createKeyStore({ ...KEY_OPTIONS, pollMs, vault }, { ...SYSTEM, onRead });
  const upstreams = new UpstreamPool(
    list.map(([one, source]) => upstreamOf(one, keys, source)),
    BREAKER_DEFAULTS,
    { ...SYSTEM, onCircuitChange: (name, state) => telemetry?.onCircuitChange(name, state) },
  );
  const budget = new RetryBudget(RETRY_BUDGET_DEFAULTS);
  const telemetry = options.telemetry?.({
    models,
    upstreams: list.map(([{ name }]) => name),
    pool: () => poolStates(pools.pool),
    poolLimit: () => connections * upstreams.origins(),
    circuits: () => upstreams.states(),
    budget: () => budget.left(),
    keys: keys.pools,
    secrets: keys.secrets,
  });
  const retry = { maxRetries, ...BACKOFF_DEFAULTS };
  const client = createClient(
    { ...limits, ...STREAM_DEFAULTS, models, pseudonymize, retry },
    { ...SYSTEM, ...pools, recorder: telemetry?.recorder ?? UNRECORDED, budget, upstreams },
  );
  return { keys, close, telemetry, client };
}

const UNRECORDED: Recorder = { startCall: (): CallRecord => unrecordedCall, recordRejection() {} };
const KEY_OPTIONS = { timeoutMs: KEY_TIMEOUT_MS, gracePeriodMs: KEY_GRACE_PERIOD_MS };
const NO_VAULT: VaultOptions = {
  address: 'http://127.0.0.1:8200',
  auth: { token: async () => '' },
};

function upstreamOf(
  { name, url, priority, weight, models, headers }: CompleteUpstream,
  keys: KeyStore,
  source: KeySpec,
): Upstream {
  const baseUrl = url.replace(/\/$/, '');
  const pool = keys.pool({ purpose: 'call', upstream: name }, source);
  return { name, baseUrl, priority, weight, models, headers, keys: pool };
}

/** A missing key is told with its reason, which names the source and quotes nothing of it. */
function withCause(error: unknown, failures: ReadonlyMap<string, Error>): unknown {
  const [cause] = failures.values();
  if (cause && error instanceof AppError && error.code === 'no_key') error.cause ??= cause;
  return error;
}

/** @throws {AppError} invalid_request */
function toCall(
  operation: CallInput['operation'],
  url: string,
  body: MessagesBody,
  { signal = NEVER, headers, caller = ANYBODY, deadlineMs }: CallOptions = {},
): CallInput {
  checkDeadline(deadlineMs);
  const fields = { ...body } as Readonly<Record<string, unknown>>;
  return {
    operation,
    method: 'POST',
    url,
    model: body.model,
    stream: body.stream ?? false,
    fast: fields['speed'] === 'fast',
    facts: readRequestFacts(fields),
    body: jsonOf(body),
    headers: { 'anthropic-version': API_VERSION, ...headersOf(headers) },
    caller,
    signal,
    receivedAtMs: systemClock.now(),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
}

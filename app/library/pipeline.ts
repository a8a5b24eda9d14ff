/**
 * The package entry `claude-observatory/pipeline`: the pipeline for a service that exists already, without Express
 * and without settings. What this file exports is all that other projects rely on.
 */
import { readRequestFacts } from '../anthropic/request-facts.ts';
import { type CallInput, type CallResult, createClient } from '../claude/client.ts';
import { createPools, POOL_DEFAULTS, type PoolOptions, poolStates } from '../claude/pool.ts';
import { createKeyStore, KEY_GRACE_PERIOD_MS, type KeyStore } from '../keys/key-store.ts';
import { KEY_TIMEOUT_MS } from '../keys/refresher.ts';
import { STREAM_DEFAULTS } from '../pipeline/read-response.ts';
import { BACKOFF_DEFAULTS } from '../pipeline/retry.ts';
import { type CallRecord, type Recorder, unrecordedCall } from '../telemetry/recorder.ts';
import { systemClock } from '../time/clock.ts';
import { BREAKER_DEFAULTS } from '../upstreams/circuit-breaker.ts';
import { RETRY_BUDGET_DEFAULTS, RetryBudget } from '../upstreams/retry-budget.ts';
import { UpstreamPool } from '../upstreams/upstream-pool.ts';
import { keySpec, type VaultOptions } from './key-spec.ts';
import type { ClaudeSources, ClaudeTelemetry } from './sources.ts';

export type { EventStream, SseEvent } from '../anthropic/sse.ts';
export type { CallResult } from '../claude/client.ts';
export { AppError } from '../errors.ts';
export type { Outcome } from '../outcome.ts';
export type { CallRecord, Recorder } from '../telemetry/recorder.ts';
export type { ClaudeSources, ClaudeTelemetry } from './sources.ts';

/** The service's own defaults, which its settings state again: a test compares them. */
export const CALL_DEFAULTS = {
  deadlineMs: 300_000,
  attemptTimeoutMs: 120_000,
  firstEventTimeoutMs: 10_000,
  maxRetries: 3,
  connections: 100,
  keyPollMs: 60_000,
};

const API_VERSION = '2023-06-01';
const SYSTEM = { clock: systemClock, wallClock: Date.now, random: Math.random };
const NEVER = new AbortController().signal;

/** Where calls can be sent. The fields mean what they mean in CLAUDE_UPSTREAMS (docs/upstreams.md). */
export interface UpstreamOptions {
  /** A label value in metrics: 1 to 32 of `a-z0-9-`. */
  readonly name: string;
  /** With any path that precedes `/v1`. */
  readonly url: string;
  /** `env:NAME`, `file:/path`, `vault:mount/path` or `aws:secret-id`; files and stores are read again as they change. */
  readonly keys: string;
  /** Default 0: the lowest number is used first. */
  readonly priority?: number;
  /** Share among the upstreams of one priority. Default 1. */
  readonly weight?: number;
  /** From a caller's name of a model to the upstream's. */
  readonly models?: Readonly<Record<string, string>>;
  /** Sent with every request, lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ClaudeOptions extends Partial<typeof CALL_DEFAULTS> {
  /** At least one. */
  readonly upstreams: readonly UpstreamOptions[];
  /** Models that get a label of their own in metrics; all others become `other`. */
  readonly models?: readonly string[];
  /** Of a whole stream, milliseconds. Default: none. */
  readonly streamLimitMs?: number;
  /** Whether e-mail addresses, card and phone numbers are sent as pseudonyms. Default false. */
  readonly pseudonymize?: boolean;
  /** The connections' own figures, where the defaults do not suit. */
  readonly pool?: Partial<PoolOptions>;
  /** For `vault:` sources. */
  readonly vault?: VaultOptions;
  /** Default: nothing is recorded. `claude-observatory/telemetry` makes one. */
  readonly telemetry?: (sources: ClaudeSources) => ClaudeTelemetry;
}

/** What a single call may add. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Limit of the whole call, milliseconds from now. */
  readonly deadlineMs?: number;
  /** Sent upstream, lower case: `anthropic-beta`, `x-correlation-id`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A label value: one of few. Default `anybody`. */
  readonly caller?: string;
}

/** The body of a call: Anthropic's, which is sent as it is. */
export interface MessagesBody {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly stream?: boolean | null;
  readonly [field: string]: unknown;
}

export interface Claude {
  /**
   * `POST /v1/messages`. The promise resolves with an answer of any status, or with the beginning of a stream.
   * @throws {AppError} as `ClaudeClient.call`
   */
  messages(body: MessagesBody, options?: CallOptions): Promise<CallResult>;
  /** `POST /v1/messages/count_tokens`. @throws {AppError} as `messages` */
  countTokens(body: MessagesBody, options?: CallOptions): Promise<CallResult>;
  /** Closes the connections; what is in flight is cut off. */
  close(): Promise<void>;
}

/**
 * @example
 * const claude = createClaude({
 *   upstreams: [{ name: 'direct', url: 'https://api.anthropic.com', keys: 'env:CLAUDE_API_KEY' }],
 * });
 * const { status, data } = await claude.messages({ model, max_tokens: 64, messages });
 */
export function createClaude(options: ClaudeOptions): Claude {
  const limits = { ...CALL_DEFAULTS, ...options };
  const keys = createKeyStore(
    {
      pollMs: limits.keyPollMs,
      timeoutMs: KEY_TIMEOUT_MS,
      gracePeriodMs: KEY_GRACE_PERIOD_MS,
      vault: options.vault ?? NO_VAULT,
    },
    { ...SYSTEM, onRead: (owner, read) => telemetry?.onKeyRead(owner, read) },
  );
  const upstreams = createUpstreams(options.upstreams, keys);
  const { close, telemetry, client } = createCalls(options, keys, upstreams);
  const ready = keys.ready();
  const call = async (input: CallInput) => {
    await ready;
    return client.call(input);
  };
  return {
    messages: (body, init) => call(toCall('chat', '/v1/messages', body, init)),
    countTokens: (body, init) =>
      call(toCall('count_tokens', '/v1/messages/count_tokens', { ...body, stream: false }, init)),
    async close() {
      keys.close();
      await close();
    },
  };
}

/** What calls are sent through, and who is told of them. */
function createCalls(options: ClaudeOptions, keys: KeyStore, upstreams: UpstreamPool) {
  const { models = [], pseudonymize = false } = options;
  const limits = { ...CALL_DEFAULTS, ...options };
  const { connections, maxRetries } = limits;
  const { close, ...pools } = createPools({ ...POOL_DEFAULTS, connections, ...options.pool });
  const budget = new RetryBudget(RETRY_BUDGET_DEFAULTS);
  const telemetry = options.telemetry?.({
    models,
    upstreams: options.upstreams.map(({ name }) => name),
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
  return { close, telemetry, client };
}

const UNRECORDED: Recorder = { startCall: (): CallRecord => unrecordedCall, recordRejection() {} };
const NO_VAULT: VaultOptions = {
  address: 'http://127.0.0.1:8200',
  auth: { token: async () => '' },
};

function createUpstreams(list: readonly UpstreamOptions[], keys: KeyStore): UpstreamPool {
  const upstreams = list.map(({ name, url, keys: source, ...rest }) => ({
    priority: 0,
    weight: 1,
    models: {},
    headers: {},
    ...rest,
    name,
    baseUrl: url.replace(/\/$/, ''),
    keys: keys.pool({ purpose: 'call', upstream: name }, keySpec(source, process.env)),
  }));
  return new UpstreamPool(upstreams, BREAKER_DEFAULTS, SYSTEM);
}

function toCall(
  operation: CallInput['operation'],
  url: string,
  body: MessagesBody,
  { signal = NEVER, headers, caller = 'anybody', deadlineMs }: CallOptions = {},
): CallInput {
  return {
    operation,
    method: 'POST',
    url,
    model: body.model,
    stream: body.stream ?? false,
    fast: body['speed'] === 'fast',
    facts: readRequestFacts(body),
    body: JSON.stringify(body),
    headers: { 'anthropic-version': API_VERSION, ...headers },
    caller,
    signal,
    receivedAtMs: systemClock.now(),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
}

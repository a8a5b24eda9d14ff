/** The client of Claude: one pipeline over one transport, and a deadline over each call. */
import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { totalTokens } from '../anthropic/usage.ts';
import { createLimitGroups } from '../keys/limit-groups.ts';
import { whenEnded } from '../pipeline/attempt.ts';
import { attemptTimeout } from '../pipeline/attempt-timeout.ts';
import { authenticate } from '../pipeline/authenticate.ts';
import { CallState } from '../pipeline/call-state.ts';
import { failover } from '../pipeline/failover.ts';
import { observeAttempt } from '../pipeline/observe-attempt.ts';
import { observeCall } from '../pipeline/observe-call.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { pseudonymize } from '../pipeline/pseudonymize.ts';
import { readResponse, type StreamLimits } from '../pipeline/read-response.ts';
import { type RetryOptions, retry } from '../pipeline/retry.ts';
import { sign } from '../pipeline/sign.ts';
import type {
  LendSlot,
  Next,
  OwnKeys,
  PipelineRequest,
  PipelineResponse,
} from '../pipeline/stage.ts';
import type { SigningSecret } from '../signing/signature.ts';
import type { CallInfo, Recorder } from '../telemetry/recorder.ts';
import type { Clock } from '../time/clock.ts';
import type { Stopwatch } from '../time/stopwatch.ts';
import type { RetryBudget } from '../upstreams/retry-budget.ts';
import type { UpstreamPool } from '../upstreams/upstream-pool.ts';
import { type Deadline, type DeadlineOptions, startDeadline } from './deadline.ts';
import { createTransport } from './trae-transport.ts';

/** One call, as the HTTP layer asks for it. */
export interface CallInput extends CallInfo {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** It asks for fast mode. */
  readonly fast?: boolean | undefined;
  /** The response is a stream of JSON lines; `stream` must be true. */
  readonly lines?: boolean | undefined;
  /** Path and query, e.g. `/v1/messages`. */
  readonly url: string;
  /** What goes upstream besides our own headers: allow-listed, lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The caller's JSON text, sent byte for byte. */
  readonly body?: string | undefined;
  readonly ownKeys?: OwnKeys | undefined;
  readonly lendSlot?: LendSlot;
  /** Aborted when the caller goes away, or with an AppError when the service stops. */
  readonly signal: AbortSignal;
  /** The caller's own limit of the whole call, milliseconds from `receivedAtMs`. */
  readonly deadlineMs?: number;
}

/** An upstream's response of any status. */
export interface CallResult
  extends Pick<PipelineResponse, 'status' | 'headers' | 'data' | 'outcome'> {
  /** Tokens used so far, over all attempts. */
  readonly tokens: () => number;
  /** Milliseconds so far: waiting for the upstream or in back-off, and our own. */
  readonly timing: () => { readonly upstreamMs: number; readonly overheadMs: number };
  /** To be run while the caller is waited for, whose time is not ours. */
  readonly callerWait: Pick<Stopwatch, 'start' | 'stop'>;
}

export interface ClaudeClient {
  /**
   * @throws {AppError} timeout, caller_deadline, network_error, bad_upstream_response, no_key,
   *   no_upstream or client_cancelled; a stream's `data` throws timeout, network_error, truncated or
   *   client_cancelled while it is read
   */
  call(input: CallInput): Promise<CallResult>;
}

/** All in milliseconds. */
export interface ClientOptions extends DeadlineOptions, StreamLimits {
  /** Limit of one attempt at a complete response, to its end. */
  readonly attemptTimeoutMs: number;
  /** Whether personal data is kept from the upstream. */
  readonly pseudonymize: boolean;
  /** The configured models. */
  readonly models: readonly string[];
  readonly retry: RetryOptions;
}

export interface ClientDeps {
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  readonly budget: RetryBudget;
  readonly upstreams: UpstreamPool;
  /** Its creator closes it. */
  readonly pool: Dispatcher;
  /** For responses of any length, which are never held as a whole; its creator closes it. Default: `pool`. */
  readonly unlimitedPool?: Dispatcher;
}

/**
 * The stages, outermost first; a test pins their order. Their places and reasons are in docs/adr/0001.
 */
export function createClaudePipeline(
  transport: Next,
  options: ClientOptions,
  deps: ClientDeps,
): Pipeline {
  const limitUseOf = createLimitGroups(options.models);
  const pipeline = createPipeline(transport).use(observeCall());
  if (options.pseudonymize) pipeline.use(pseudonymize());
  return pipeline
    .use(retry(options.retry, deps))
    .use(failover(deps.upstreams, limitUseOf))
    .use(observeAttempt())
    .use(attemptTimeout(options.attemptTimeoutMs))
    .use(authenticate(limitUseOf))
    .use(readResponse(options))
    .use(sign({ secret: signingSecret }, { now: deps.wallClock, nonce: randomUUID }));
}

/** @returns what requests to an upstream are signed with now */
export function signingSecret({ upstream }: PipelineRequest): SigningSecret | undefined {
  const [first] = upstream?.signing?.valid() ?? [];
  return first && { id: first.alias, secret: first.secret.reveal() };
}

export function createClient(options: ClientOptions, deps: ClientDeps): ClaudeClient {
  const pipeline = createClaudePipeline(
    createTransport(deps.pool, { unlimitedPool: deps.unlimitedPool }),
    options,
    deps,
  );
  return {
    async call(input) {
      const state = new CallState(deps.clock.now, input.receivedAtMs + (input.uploadMs ?? 0));
      const limit = startDeadline(input, options, state);
      const request = toRequest(input, limit, { ...deps, state });
      try {
        const response = await pipeline.send(request);
        // A stream has its limits to its end.
        whenEnded(response, () => limit[Symbol.dispose]());
        return {
          status: response.status,
          headers: response.headers,
          data: response.data,
          outcome: response.outcome,
          callerWait: state.upstreamWait,
          tokens: () => totalTokens(state.usage),
          timing: () => ({
            upstreamMs: state.upstreamWait.elapsedMs(),
            overheadMs: state.overheadMs(),
          }),
        };
      } catch (error) {
        limit[Symbol.dispose]();
        throw error;
      }
    },
  };
}

function toRequest(
  input: CallInput,
  { signal, atMs }: Deadline,
  { recorder, state }: Pick<ClientDeps, 'recorder'> & { readonly state: CallState },
): PipelineRequest {
  const { method, url, headers, body, operation, model, stream, lines, fast } = input;
  const { ownKeys, lendSlot } = input;
  return {
    method,
    url,
    // Trae adds its own `Content-Type`; a lower-case one would be sent as well.
    headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
    body,
    ownKeys,
    lendSlot,
    lines,
    fast,
    operation,
    model,
    stream,
    signal,
    deadlineAtMs: atMs,
    state,
    call: recorder.startCall(input),
  };
}

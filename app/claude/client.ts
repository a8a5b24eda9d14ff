/** The client of Claude: one stage list over one transport, a deadline over each call. */
import { randomUUID } from 'node:crypto';
import type { Agent } from 'undici';
import { AppError } from '../errors.ts';
import { timeout } from '../pipeline/attempt-timeout.ts';
import { authenticate } from '../pipeline/authenticate.ts';
import { failover } from '../pipeline/failover.ts';
import { hedge } from '../pipeline/hedge.ts';
import { observeAttempt } from '../pipeline/observe-attempt.ts';
import { observeCall } from '../pipeline/observe-call.ts';
import { compose } from '../pipeline/pipeline.ts';
import { mask } from '../pipeline/pseudonymize.ts';
import { hold } from '../pipeline/read-response.ts';
import { type RetryOptions, retry } from '../pipeline/retry.ts';
import { sign } from '../pipeline/sign.ts';
import type {
  Clock,
  OwnKeys,
  PipelineRequest,
  PipelineResponse,
  Stage,
} from '../pipeline/stage.ts';
import type { SignatureVersion, SigningSecret } from '../signing/signature.ts';
import type { CallInfo, Outcome, Recorder } from '../telemetry/recorder.ts';
import { linkedAbort } from '../time/linked-abort.ts';
import type { RetryBudget } from '../upstreams/retry-budget.ts';
import type { Upstreams } from '../upstreams/upstream-pool.ts';
import { createTransport } from './trae-transport.ts';

/** One call, as the HTTP layer asks for it. */
export interface CallInput extends CallInfo {
  readonly method: 'GET' | 'POST';
  /** Path and query, e.g. `/v1/messages`. */
  readonly url: string;
  /** What goes upstream besides our own headers: allow-listed, lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The caller's JSON text, sent byte for byte. */
  readonly body?: string;
  readonly ownKeys?: OwnKeys | undefined;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** The caller's own limit, milliseconds from `receivedAtMs`; ours holds where it is shorter. */
  readonly deadlineMs?: number;
}

/** An upstream's answer of any status. */
export interface CallResult extends PipelineResponse {
  /** That were used up to now, by all attempts. */
  readonly tokens: () => number;
  /** Milliseconds up to now: waited for the upstream or in back-off, and our own. */
  readonly timing: () => { upstreamMs: number; overheadMs: number };
}

export interface ClaudeClient {
  /**
   * @throws {AppError} timeout, network_error, bad_upstream_answer, no_key, client_cancelled; a
   *   stream's `data` throws timeout, network_error, truncated or client_cancelled on its way
   */
  call(input: CallInput): Promise<CallResult>;
  /** Counts a call that never went upstream. */
  reject(info: CallInfo, outcome: Outcome): void;
  /** Name and circuit of each upstream. */
  upstreams(): ReturnType<Upstreams['states']>;
  /** Whether there is a key for any upstream. */
  hasKey(): boolean;
}

export interface ClientOptions {
  readonly callDeadlineMs: number;
  /** Of a whole answer, to its end. */
  readonly attemptTimeoutMs: number;
  /** Of a stream, to its first event. */
  readonly firstEventTimeoutMs: number;
  readonly maskPersonalData: boolean;
  readonly retry: RetryOptions;
  /** Of requests to upstreams that want to be signed to. */
  readonly signatures: readonly SignatureVersion[];
  /** Undefined switches hedging off. */
  readonly hedgeAfterMs: number | undefined;
}

export interface ClientDeps {
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly random: () => number;
  readonly budget: RetryBudget;
  readonly upstreams: Upstreams;
  readonly hasKey: () => boolean;
  readonly pool: Agent;
}

/**
 * The stages, outermost first; a test pins their order. Their places and reasons are in docs/adr/0001.
 */
export function createStages(options: ClientOptions, deps: ClientDeps): readonly Stage[] {
  return [
    observeCall(),
    ...(options.maskPersonalData ? [mask()] : []),
    retry(options.retry, deps),
    ...(options.hedgeAfterMs === undefined ? [] : [hedge(options.hedgeAfterMs, deps)]),
    failover(deps.upstreams),
    observeAttempt(),
    timeout(options.attemptTimeoutMs),
    hold(options.firstEventTimeoutMs, deps),
    authenticate(),
    sign(
      { secret: signingSecret, versions: options.signatures },
      { now: deps.wallClock, nonce: randomUUID },
    ),
  ];
}

function signingSecret({ upstream }: PipelineRequest): SigningSecret | undefined {
  const [first] = upstream?.signing?.valid() ?? [];
  return first && { id: first.alias, secret: first.secret.reveal() };
}

/** @returns a client; the pool stays its creator's to close */
export function createClient(options: ClientOptions, deps: ClientDeps): ClaudeClient {
  const transport = createTransport('', deps.pool);
  const stages = createStages(options, deps);
  const whole = compose(stages, (request) => transport(request, 'text'));
  const streamed = compose(stages, (request) => transport(request, 'raw'));
  return {
    hasKey: deps.hasKey,
    upstreams: deps.upstreams.states,
    reject: (info, outcome) => deps.recorder.startCall(info).end(outcome),
    async call(input) {
      const deadlineMs = Math.min(options.callDeadlineMs, input.deadlineMs ?? Infinity);
      // Since he asked: the time in which he waited for a place is his too.
      const leftMs = Math.max(0, input.receivedAtMs + deadlineMs - deps.clock.now());
      const limit = linkedAbort(input.signal, {
        timeoutMs: leftMs,
        onTimeout: () => deadlinePassed(deadlineMs, deadlineMs < options.callDeadlineMs),
        // Whatever the caller's signal gives as its reason, here it means that he went away.
        onParent: () => new AppError('client_cancelled', 'the caller went away'),
      });
      const deadlineAtMs = deps.clock.now() + leftMs;
      const request = toRequest(input, limit.signal, deadlineAtMs, deps.recorder);
      try {
        const response = await (input.stream ? streamed : whole)(request);
        // The deadline is a stream's to its end.
        if (response.ended) void response.ended.then(limit.dispose);
        else limit.dispose();
        return { ...response, timing: timing(request), tokens: request.call.tokens };
      } catch (error) {
        limit.dispose();
        throw error;
      }
    },
  };
}

function toRequest(
  input: CallInput,
  signal: AbortSignal,
  deadlineAtMs: number,
  recorder: Recorder,
): PipelineRequest {
  const { method, url, headers, body, model, stream, ownKeys } = input;
  return {
    method,
    url,
    // Trae adds its own `Content-Type`; a lower-case one would go out beside it.
    headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
    ...(body !== undefined && { body }),
    ...(ownKeys && { ownKeys }),
    model,
    stream,
    signal,
    deadlineAtMs,
    call: recorder.startCall(input),
  };
}

function timing({ call }: PipelineRequest) {
  return () => ({ upstreamMs: call.waitedMs(), overheadMs: call.overheadMs() });
}

function deadlinePassed(deadlineMs: number, callers: boolean): AppError {
  const code = callers ? 'caller_deadline' : 'timeout';
  return new AppError(code, `the call took longer than its deadline of ${deadlineMs} ms`);
}

/** The shapes that pass through the pipeline: request, response, stage. */
import type { EventStream } from '../anthropic/sse.ts';
import type { KeyPool } from '../keys/key-pool.ts';
import type { Secret } from '../keys/secret.ts';
import type { Outcome } from '../outcome.ts';
import type { AttemptRecord, CallRecord } from '../telemetry/recorder.ts';
import type { Operation } from '../telemetry/vocabulary.ts';
import type { Upstream } from '../upstreams/upstream-pool.ts';
import type { CallState } from './call-state.ts';

/** A caller's own keys, by the name of the upstream that takes them. */
export type OwnKeys = ReadonlyMap<string, KeyPool>;

/** Resolves when the wait is over and the call has a slot again; rejects with the signal's reason. */
export type LendSlot = (signal: AbortSignal, wait: () => Promise<void>) => Promise<void>;

/** One request to an upstream, in Trae's terms. Stages copy it and never change it in place. */
export interface PipelineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with query, relative to the upstream's base URL. */
  readonly url: string;
  /** Lower-case names, but for Trae's own `Content-Type`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Serialised once by whoever made it, sent byte for byte. */
  readonly body?: string | undefined;
  readonly operation: Operation;
  /** The model as the caller named it; '' where the route has none. */
  readonly model: string;
  /** Whether it asks for fast mode, which has limits of its own. */
  readonly fast?: boolean | undefined;
  /** Where it goes: set by `failover`, for each attempt. */
  readonly upstream?: Upstream;
  /** Sent as `x-api-key`; no header here holds it, so that whoever prints a request shows no key. */
  readonly key?: Secret;
  /** The caller's own keys, used in place of the upstream's. */
  readonly ownKeys?: OwnKeys | undefined;
  /** Whether the response is requested as a stream. */
  readonly stream: boolean;
  /** The stream is of JSON lines and not of events. */
  readonly lines?: boolean | undefined;
  /** Ends the request and everything that waits for it. */
  readonly signal: AbortSignal;
  /** When the signal fires at the latest, `clock.now()` milliseconds; Infinity without a limit. */
  readonly deadlineAtMs: number;
  /** Runs a wait without the call's slot, so that others can use it; absent where calls hold none. */
  readonly lendSlot?: LendSlot | undefined;
  /** What this call has tried and used so far; all of its attempts share it. */
  readonly state: CallState;
  /** Telemetry's record of this call. */
  readonly call: CallRecord;
  /** Telemetry's record of this attempt: set by `observeAttempt`. */
  readonly attempt?: AttemptRecord;
}

/** An upstream's response of any status. A stream's `data` is its events, any other is text. */
export interface PipelineResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly data: string | EventStream;
  /**
   * How the response ended: a complete response has, and a stream will have once its last byte was read, its
   * reader has left or it broke. The promise never rejects. Without the stage `readResponse` it is the outcome of
   * the status.
   */
  readonly outcome: Outcome | Promise<Outcome>;
  /** The outcome of a failed response where its body says another than its status: set by `readResponse`. */
  readonly failure?: Outcome;
  /** Its key was rejected, and another may be accepted: set by `authenticate`. */
  readonly retryWithAnotherKey?: boolean;
}

/** What comes after a stage; a stage may call it again with another copy (retry does). */
export type Next = (request: PipelineRequest) => Promise<PipelineResponse>;

/**
 * One layer around the call. It may change a copy of the request, change the response, call `next`
 * again, or throw. A stage that wants to know how a response ends gives `whenEnded` a callback: a stream
 * that has begun may still break.
 *
 * @example
 * const addBeta: Stage = async function addBeta(request, next) {
 *   const headers = { ...request.headers, 'anthropic-beta': 'a-beta' };
 *   return next({ ...request, headers });
 * };
 */
export type Stage = (request: PipelineRequest, next: Next) => Promise<PipelineResponse>;

/** The shapes that pass through the pipeline: request, response, stage. */

import type { KeyRing } from '../keys/key-pool.ts';
import type { CallRecord, Outcome } from '../telemetry/recorder.ts';
import type { Upstream } from '../upstreams/upstream-pool.ts';

/** By the upstream's name. */
export type OwnKeys = ReadonlyMap<string, KeyRing>;

/** One request to an upstream, in Trae's terms. Stages copy it and never change it in place. */
export interface PipelineRequest {
  readonly method: 'GET' | 'POST';
  /** Path with query (joined to the base URL) or an absolute URL. */
  readonly url: string;
  /** Lower-case names, but for Trae's own `Content-Type`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Serialised once by whoever made it, sent byte for byte. */
  readonly body?: string;
  /** As the caller named it; '' where the route has none. */
  readonly model: string;
  /** Where it goes: set by `failover`, for each attempt. */
  readonly upstream?: Upstream;
  /** The caller's own keys by upstream, in place of the upstream's. */
  readonly ownKeys?: OwnKeys;
  /** Whether the answer is asked for as a stream of events. */
  readonly stream: boolean;
  /** Ends the request and everything that waits for it. */
  readonly signal: AbortSignal;
  /** When that will be at the latest, `clock.now()` milliseconds; Infinity where there is no limit. */
  readonly deadlineAtMs: number;
  /** What telemetry is told of this call. */
  readonly call: CallRecord;
}

/** An upstream's answer of any status. A stream's `data` is a byte stream, otherwise it is text. */
export interface PipelineResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly data: string | AsyncIterable<Uint8Array>;
  /** How a stream ends, once it has; never rejects. Set by `hold`. */
  readonly ended?: Promise<Outcome>;
  /** Its key was refused, and another may be accepted. Set by `authenticate`. */
  readonly anotherKey?: boolean;
}

/** What comes after a stage; a stage may call it again with another copy (retry does). */
export type Next = (request: PipelineRequest) => Promise<PipelineResponse>;

/** One layer around the call. It may change the request, the response, call `next` again or throw. */
export type Stage = (request: PipelineRequest, next: Next) => Promise<PipelineResponse>;

/** Time and chance, as dependencies. `sleep` rejects with the signal's reason when it is aborted. */
export interface Clock {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What stages tell of a call: the one door from the service into telemetry. */

/** How a call ended; docs/semantics.md says which are good, bad or left out. */
export const OUTCOMES = [
  'success',
  'upstream_error',
  'overloaded',
  'rate_limited',
  'timeout',
  'network_error',
  'truncated',
  'auth_error',
  'shed',
  'internal_error',
  'invalid_request',
  'client_cancelled',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Token counts of one answer, as the Messages API reports them (cumulative in streams). */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
}

/** What is known of a call when it begins. */
export interface CallInfo {
  readonly operation: 'chat' | 'count_tokens' | 'models';
  /** The model as the caller named it; `''` where the route has none. */
  readonly model: string;
  readonly stream: boolean;
  /** A configured alias, `anybody` where none are configured. */
  readonly caller: string;
  /** Its JSON text: looked at only where prompts are to be recorded. */
  readonly body?: string;
  /** When the caller's request came in, `clock.now()` milliseconds. */
  readonly receivedAtMs: number;
}

/** How the circuit of an upstream stands: open ones get no attempts, half-open ones a few. */
export const CIRCUIT_STATES = ['closed', 'half_open', 'open'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/** Why no further attempt is made: of the call's own, of all calls' budget, of time. */
export const RETRY_REFUSALS = ['attempts', 'budget', 'deadline'] as const;
export type RetryRefusal = (typeof RETRY_REFUSALS)[number];

/** What the check of a request's signature came to. */
export const SIGNATURE_RESULTS = [
  'valid',
  'missing',
  'malformed',
  'unknown_version',
  'bad_signature',
  'skewed',
  'replayed',
  'unavailable',
] as const;
export type SignatureResult = (typeof SIGNATURE_RESULTS)[number];

/** One request's check. */
export interface SignatureCheck {
  readonly result: SignatureResult;
  /** Our clock minus the signer's, milliseconds; only with `valid` and `skewed`, where it is proven. */
  readonly skewMs?: number;
}

/** One attempt as telemetry sees it. */
export interface AttemptRecord {
  /** Headers that carry the trace and the correlation ID to the upstream. */
  readonly headers: Readonly<Record<string, string>>;
  /** Runs `fn` with the attempt's span active. */
  run<T>(fn: () => T): T;
  /** Call once, when the answer has ended or the attempt failed. `status` is 0 when none came. */
  end(outcome: Outcome, status: number): void;
}

/** One call as telemetry sees it. Methods never throw. */
export interface CallRecord {
  /** Runs `fn` with the call's span active. */
  run<T>(fn: () => T): T;
  startAttempt(upstream: string): AttemptRecord;
  /** The attempt that is under way has a key of this alias. */
  key(alias: string): void;
  /** A key is out because of an answer of this status, and another is to be tried. */
  keyLeft(alias: string, status: number): void;
  /** Another attempt is to come because of `reason`. */
  retry(reason: Outcome): void;
  /** The call goes over to another upstream because of `reason`. */
  failover(upstream: string, reason: Outcome): void;
  /** A second attempt was made because the first was late; whether it answered first. */
  hedged(won: boolean): void;
  /** Another attempt could have succeeded, but is not made, because of `why`. */
  retryRefused(why: RetryRefusal): void;
  /** From here on the time is not ours: an upstream is waited for, or back-off. */
  waitBegins(): void;
  /** Once for each `waitBegins`; time in which two waits overlap counts once. */
  waitEnds(): void;
  /** Content of a stream has come; the first one sets the time to first token. */
  chunk(): void;
  /** What an attempt used, once for each: what a failed one used is paid for too. */
  usage(usage: Usage): void;
  /** Whether `said` wants to be told: prompts and answers stay out of telemetry unless switched on. */
  readonly listens: boolean;
  /** Content of the answer: all blocks of a whole one, or the text of a stream's delta. */
  said(content: unknown): void;
  /** What the upstream said of the answer: its ID, real model, stop reason. */
  answer(facts: { id?: string; model?: string; stopReason?: string; requestId?: string }): void;
  /** Used so far. */
  tokens(): number;
  /** Milliseconds so far that were not ours. */
  waitedMs(): number;
  /** Milliseconds since `receivedAtMs` that were ours. */
  overheadMs(): number;
  /** Call once; later calls are ignored. */
  end(outcome: Outcome): void;
}

/** Where stages report to. An implementation that throws must not exist: see `sdk-recorder.ts`. */
export interface Recorder {
  startCall(info: CallInfo): CallRecord;
}

/** A call that nobody watches: for the pipeline used on its own, and for tests. */
export const unrecordedCall: CallRecord = {
  run: (fn) => fn(),
  startAttempt: () => ({ headers: {}, run: (fn) => fn(), end() {} }),
  key() {},
  keyLeft() {},
  retry() {},
  retryRefused() {},
  hedged() {},
  failover() {},
  waitBegins() {},
  waitEnds() {},
  chunk() {},
  usage() {},
  listens: false,
  said() {},
  answer() {},
  tokens: () => 0,
  waitedMs: () => 0,
  overheadMs: () => 0,
  end() {},
};

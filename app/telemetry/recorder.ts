/**
 * The port through which the service reports its calls. Telemetry only listens: it keeps nothing that the
 * service needs back, and its methods never throw.
 */
import type { MessageFacts } from '../anthropic/messages.ts';
import type { ModelFacts } from '../anthropic/models.ts';
import type { RequestFacts } from '../anthropic/request-facts.ts';
import type { Usage, UsageReport } from '../anthropic/usage.ts';
import type { Outcome } from '../outcome.ts';
import type { NetworkCause, Operation, RetryRefusal } from './vocabulary.ts';

/** Whose work a call is, as its caller says: 1 to 128 of `A-Za-z0-9._:-` each, and never labels. */
export interface Attribution {
  readonly conversationId: string | undefined;
  readonly agentId: string | undefined;
  readonly parentAgentId: string | undefined;
}

/** What is known of a call when it begins. */
export interface CallInfo {
  readonly operation: Operation;
  /** The model as the caller named it; `''` where the route has none. */
  readonly model: string;
  readonly stream: boolean;
  /** A configured alias, `anybody` where none are configured. */
  readonly caller: string;
  /** From the request's headers. */
  readonly attribution?: Attribution;
  /** From the request's body; absent where the operation has none, or it was not read. */
  readonly facts?: RequestFacts | undefined;
  /** The request's JSON text, which is read only when content is captured. */
  readonly body?: string | undefined;
  /** When the caller's request arrived, `clock.now()` milliseconds. */
  readonly receivedAtMs: number;
  /** The header `anthropic-version` as the caller sent it; undefined without one. */
  readonly version?: string | undefined;
  /** How long its body took to arrive from then on, milliseconds; default 0. */
  readonly uploadMs?: number;
}

/** What is known of a call at its end, besides its outcome. */
export interface CallTotals {
  /** The sum over all attempts; undefined when none reported any. */
  readonly usage: Usage | undefined;
  /**
   * How many tokens the answering attempt of a stream wrote as text and tool input, as the upstream reports it; absent
   * where the report does not tell.
   */
  readonly writtenTokens?: number | undefined;
  /** Our own time in the call, milliseconds. */
  readonly overheadMs: number;
  /** The longest wait for an upstream between two events of a stream, milliseconds; absent without two. */
  readonly longestGapMs?: number | undefined;
}

/** Telemetry's record of one attempt. */
export interface AttemptRecord {
  /** Headers that carry the trace and the correlation ID to the upstream. */
  readonly headers: Readonly<Record<string, string>>;
  /** Runs `fn` with the attempt's span active. */
  run<T>(fn: () => T): T;
  /** The attempt uses the key of this alias. */
  setKey(alias: string): void;
  /** The upstream has begun to answer. @param headers lower-case names */
  setHeaders(headers: Readonly<Record<string, string>>): void;
  /** The network failed. */
  setNetworkCause(cause: NetworkCause): void;
  /** The API answered with an error. @param code its `error_code` as it came, `''` without one */
  setErrorCode(code: string): void;
  /** Call once, when the response has ended or the attempt failed; `status` is 0 without a response. */
  end(outcome: Outcome, status: number): void;
}

/**
 * Telemetry's record of one call.
 *
 * @example
 * const call = recorder.startCall({ operation: 'chat', model, stream, caller, receivedAtMs });
 * const response = await call.run(() => next(request));
 * call.end('success', { usage, overheadMs });
 */
export interface CallRecord {
  /** Runs `fn` with the call's span active. */
  run<T>(fn: () => T): T;
  startAttempt(upstream: string): AttemptRecord;
  /** A key was rejected or rate limited by a response of this status; another is tried. */
  keyRejected(alias: string, status: number): void;
  /** Another attempt is to be made because of `reason`; it counts as a retry once it begins. */
  retry(reason: Outcome): void;
  /** Another attempt could have succeeded but is not made. */
  retryRefused(reason: RetryRefusal): void;
  /** The call goes to another upstream because of `reason`. */
  failedOver(upstream: string, reason: Outcome): void;
  /** A stream has begun, which its attempt may still fail. @param atMs `clock.now()` milliseconds */
  recordFirstEvent(atMs: number): void;
  /**
   * A piece of a stream's content has arrived; the first one sets the time to first token.
   * @param written its characters of text or tool input; thinking has none
   * @param run the same for pieces that were written one after the other, with nothing else in between
   */
  recordChunk(written: number, run: number): void;
  /** The first text that a reader sees has arrived, or a tool's first input. Call once, after its chunk. */
  recordFirstText(): void;
  /** Whether `recordOutput` is to be called: content stays out of telemetry unless that is switched on. */
  readonly capturesContent: boolean;
  /** Adds content of the response: all blocks of a complete one, or the text of one delta of a stream. */
  recordOutput(content: unknown): void;
  /** The message of the present attempt says this of itself, often in several parts; the next attempt forgets it. */
  setResponse(facts: MessageFacts): void;
  /** An attempt, or an item of a Message Batch, used this; call it after `setResponse`. */
  recordUsage(report: UsageReport): void;
  /** An answer named models. */
  setModels(models: readonly ModelFacts[]): void;
  /** Call once; later calls are ignored. */
  end(outcome: Outcome, totals: CallTotals): void;
}

/** Where the service reports its calls. */
export interface Recorder {
  startCall(info: CallInfo): CallRecord;
  /** Counts a request that was refused before it became a call. */
  recordRejection(info: CallInfo, outcome: Outcome): void;
}

const unrecordedAttempt: AttemptRecord = {
  headers: {},
  run: (fn) => fn(),
  setKey() {},
  setHeaders() {},
  setNetworkCause() {},
  setErrorCode() {},
  end() {},
};

/** A record that does nothing, for tests and for a pipeline without telemetry. */
export const unrecordedCall: CallRecord = {
  run: (fn) => fn(),
  startAttempt: () => unrecordedAttempt,
  keyRejected() {},
  retry() {},
  retryRefused() {},
  failedOver() {},
  recordFirstEvent() {},
  recordChunk() {},
  recordFirstText() {},
  capturesContent: false,
  recordOutput() {},
  setResponse() {},
  recordUsage() {},
  setModels() {},
  end() {},
};

/**
 * The kinds of calls that load is made of, and the form of one: a generator that yields what to do next and gets the
 * answer. k6 runs it in a plain loop and Node in one that awaits, so a call of several requests is written once.
 */

/** The tag `call_type` of the results. */
export const CALL_KINDS = [
  'complete',
  'streaming',
  // A stream whose caller hangs up early.
  'hang_up',
  // Made, polled and read to its end.
  'batch',
  'count_tokens',
  'tools',
  'cached',
  'thinking',
  'long',
] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** A request whose answer takes longer has failed: both drivers give up on it then. */
export const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Of one answer, hundreds of times what any call is answered with. The driver in Node keeps no more; k6 has read it all,
 * but looks at no more either.
 */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** What distinguishes one call from another of its kind. */
export interface Asked {
  /** Its correlation ID, a UUID, which the service takes as the ID of the trace. All its requests have it. */
  readonly id: string;
  /** How often the kinds of its phase have taken turns before it, from 0. */
  readonly round: number;
  readonly model: string;
  /** The caller's token; undefined where the service asks for none. */
  readonly token: string | undefined;
}

export interface LoadRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query, below the base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The caller hangs up then, milliseconds after the request was sent; the answer is then `hung_up`. */
  readonly hangUpAfterMs?: number;
}

/** What happens next in a call. */
export type Step = { readonly request: LoadRequest } | { readonly pauseMs: number };

/** What the caller got. */
export interface Answer {
  /** 0 when no answer arrived. */
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** From sending to the last byte, milliseconds. */
  readonly durationMs: number;
  /** When the parts of a stream arrived; k6 reads answers whole and has none of them. */
  readonly stream?: StreamTimes;
  /** Why no answer, or only a part of one, arrived. */
  readonly broken?: Broken;
}

/** What the driver's own machine may run out of, as the operating system names it. */
export const DRIVER_LIMITS = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'] as const;
export type DriverLimit = (typeof DRIVER_LIMITS)[number];

/** `driver_…`: the service had no part in it; k6 does not tell. */
export type Broken =
  | 'timeout'
  | 'network_error'
  | 'connection_refused'
  | 'connection_reset'
  | 'answer_too_large'
  | 'hung_up'
  | `driver_${DriverLimit}`;

/** Milliseconds after the request was sent, as its caller sees them. */
export interface StreamTimes {
  readonly firstEventMs: number;
  /** The first text; undefined where none came. */
  readonly firstTextMs: number | undefined;
  /** The longest silence between two chunks. */
  readonly longestGapMs: number;
}

/** The reason is a code from a small fixed set, so it can be a tag. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What a call showed. */
export interface Observation {
  readonly verdict: Verdict;
  /**
   * Whether it was answered as a caller can bear: well, or by a refusal that tells them to come back (429, 503 or 529
   * in the API's form). False for what broke off, timed out or is no answer of the API.
   */
  readonly answered: boolean;
  /** Whether all answers have the correlation ID of the call; undefined when none arrived. */
  readonly correlated: boolean | undefined;
  /** The time of all its requests together, each from sending to the last byte, without pauses; milliseconds. */
  readonly durationMs: number;
  /** The service's own time; undefined where an answer does not tell it, as no stream does. */
  readonly overheadMs: number | undefined;
  readonly stream?: StreamTimes;
}

/** A call under way: `next(answer)` after each request, `next()` after each pause. */
export type Call = Generator<Step, Observation, Answer | undefined>;

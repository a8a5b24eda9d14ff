/** Every fixed set of label values, besides the outcomes (`app/outcome.ts`): nothing else becomes a label. */

/** What a call asks of the API. */
export const OPERATIONS = ['chat', 'count_tokens', 'models'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The state of an upstream's circuit: open ones get no attempts, half-open ones a few. */
export const CIRCUIT_STATES = ['closed', 'half_open', 'open'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/**
 * The state of an API key. `retiring`: it has left its source and its grace period runs; `cooling_down`:
 * its rate limit is used up until a reset; `rejected`: the upstream does not accept it.
 */
export const KEY_STATES = ['active', 'retiring', 'cooling_down', 'rejected'] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** Why reading a key source gave no keys. */
export const SOURCE_FAILURES = [
  'unreachable',
  'timeout',
  'denied',
  'not_found',
  'empty',
  'malformed',
] as const;
export type SourceFailure = (typeof SOURCE_FAILURES)[number];

/** Why no further attempt is made: the call has no more, the budget is used up, or the time is. */
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
  /** Our clock minus the signer's, milliseconds; only where it is proven: `valid` and `skewed`. */
  readonly skewMs?: number;
}

/** The quotas of a caller. */
export const QUOTAS = ['requests', 'tokens', 'concurrent'] as const;
export type Quota = (typeof QUOTAS)[number];

/** The kinds of tokens that the API reports. */
export const TOKEN_TYPES = ['input', 'output', 'cache_read', 'cache_creation'] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

/** Every fixed set of label values except the outcomes, which are in `app/outcome.ts`. */

/** The operation that a call requests of the API. */
export const OPERATIONS = ['chat', 'count_tokens', 'models', 'batches'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The state of an upstream's circuit breaker: open, it gets no attempts; half-open, it gets a few. */
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

/** How one read of a key source ended. The error's message holds nothing that came from the source. */
export type KeyRead =
  | { readonly source: string; readonly ok: true; readonly changed: boolean }
  | {
      readonly source: string;
      readonly ok: false;
      readonly failure: SourceFailure;
      readonly error: Error;
    };

/** Why no further attempt is made: the call has no more, the budget is used up, or the time is. */
export const RETRY_REFUSALS = ['attempts', 'budget', 'deadline'] as const;
export type RetryRefusal = (typeof RETRY_REFUSALS)[number];

/** Why the network between the service and an upstream failed; `local` is the fault of this machine. */
export const NETWORK_CAUSES = [
  'dns',
  'refused',
  'unreachable',
  'connect_timeout',
  'reset',
  'tls',
  'protocol',
  'local',
  'other',
] as const;
export type NetworkCause = (typeof NETWORK_CAUSES)[number];

/** The result of checking the signature of a request. */
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

/** How the check of one request ended. */
export interface SignatureCheck {
  readonly result: SignatureResult;
  /** Our clock minus the signer's, milliseconds. Only a correct signature proves it: `valid` or `skewed`. */
  readonly skewMs?: number;
}

/** The name of every caller where none are configured. */
export const ANYBODY = 'anybody';

/** The quotas of a caller. */
export const QUOTAS = ['requests', 'tokens', 'concurrent'] as const;
export type Quota = (typeof QUOTAS)[number];

/** Why a log line was lost: too many lines wait for a reader, or the reader is gone or the disk full. */
export const LOG_DROPS = ['queue_full', 'write_failed'] as const;
export type LogDrop = (typeof LOG_DROPS)[number];

/**
 * Why a request was refused before it reached a route. `malformed`, `too_large` (its headers) and `timeout`
 * are requests that never were complete; `bad_target` is no path and no URL, `method` is CONNECT, `foreign_host`
 * names a host that is not served.
 */
export const REFUSED_REQUESTS = [
  'malformed',
  'too_large',
  'timeout',
  'bad_target',
  'method',
  'foreign_host',
] as const;
export type RefusedRequest = (typeof REFUSED_REQUESTS)[number];

/**
 * The kinds of tokens; no token is of two. `output` is without thinking; `output_estimated` is what a stream that
 * ended early had produced since its last report, by an estimate.
 */
export const TOKEN_TYPES = [
  'input',
  'output',
  'thinking',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'output_estimated',
] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

/** Why a message ended, as the API says; `other` is a reason that is not in this list. */
export const STOP_REASONS = [
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
  'other',
] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** What a refusal was about; `none` where the API gives no category. */
export const REFUSAL_CATEGORIES = [
  'cyber',
  'bio',
  'frontier_llm',
  'reasoning_extraction',
  'general_harms',
  'none',
  'other',
] as const;
export type RefusalCategory = (typeof REFUSAL_CATEGORIES)[number];

/**
 * The values of `error.details.error_code` that wake different people (docs/semantics.md); any other code, such
 * as one that tells a caller what is wrong with their request, is `other`. The whole list is in the official SDK,
 * but for the first two: the API has only words for them.
 */
export const API_ERROR_CODES = [
  'usage_limit_reached',
  'credit_balance_too_low',
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'ramp_limit_exceeded',
  'organization_on_hold',
  'claude_code_key_creator_not_member',
  'cmek_key_disabled',
  'cmek_key_network_blocked',
  'cmek_key_unreachable',
  'cmek_context_unavailable',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
  'request_body_timeout',
  'sandbox_egress_restricted',
  'other',
] as const;
export type ApiErrorCode = (typeof API_ERROR_CODES)[number];

/** Why the prompt cache had no entry, as the API diagnoses it. */
export const CACHE_MISS_REASONS = [
  'model_changed',
  'system_changed',
  'tools_changed',
  'messages_changed',
  'previous_message_not_found',
  'unavailable',
  'other',
] as const;
export type CacheMissReason = (typeof CACHE_MISS_REASONS)[number];

/** The API's version that a caller asks for; `none` is a request that names none. */
export const API_VERSIONS = ['2023-06-01', '2026-10-21', 'none', 'other'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];

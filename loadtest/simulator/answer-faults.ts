/**
 * The answers that the API gives rarely, each a fault of its own name: errors with a code, every stop reason,
 * every reason of a cache miss, usage that is no count. Codes and statuses are those of the official SDK's error classes.
 */
import type { Message } from './content.ts';

type CodedError = readonly [status: number, type: string, message: string];

/** Every code of the service's vocabulary, and at the end four that it counts as `other`. */
const CODED_ERRORS = {
  usage_limit_reached: [
    400,
    'invalid_request_error',
    'You have reached your specified API usage limits. You will regain access later.',
  ],
  credit_balance_too_low: [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.',
  ],
  enforced_spend_limit_reached: [
    429,
    'rate_limit_error',
    'Your organization has reached the monthly API usage threshold of its tier.',
  ],
  contract_spend_limit_reached: [
    429,
    'rate_limit_error',
    'Your organization has reached the spend limit of its contract.',
  ],
  ramp_limit_exceeded: [
    429,
    'rate_limit_error',
    'This request would exceed a limit on how fast usage can grow.',
  ],
  organization_on_hold: [400, 'invalid_request_error', 'This organization is on hold.'],
  claude_code_key_creator_not_member: [
    400,
    'invalid_request_error',
    'The creator of this API key is no longer a member of the organization.',
  ],
  cmek_key_disabled: [
    400,
    'invalid_request_error',
    "The workspace's customer-managed encryption key is disabled.",
  ],
  cmek_key_network_blocked: [
    400,
    'invalid_request_error',
    "Network access to the workspace's customer-managed encryption key is blocked.",
  ],
  cmek_key_unreachable: [
    503,
    'api_error',
    "The workspace's customer-managed encryption key could not be reached.",
  ],
  cmek_context_unavailable: [
    503,
    'api_error',
    "The workspace's encryption settings could not be read.",
  ],
  linked_organization_spend_limit_reached: [
    402,
    'billing_error',
    'The linked organization has reached a spend limit, or lacks credit.',
  ],
  linked_organization_billing_unavailable: [
    402,
    'billing_error',
    'The linked organization cannot currently be billed.',
  ],
  request_body_timeout: [
    400,
    'invalid_request_error',
    'The request body did not finish arriving in time.',
  ],
  sandbox_egress_restricted: [
    403,
    'permission_error',
    'This request is not allowed from a sandbox with restricted network access.',
  ],
  compaction_unavailable: [529, 'overloaded_error', 'The compaction could not be completed.'],
  claude_code_version_too_old: [
    400,
    'invalid_request_error',
    'This version of Claude Code is too old.',
  ],
  image_dimensions_too_large: [
    400,
    'invalid_request_error',
    'messages.0.content.0.image: the longest side exceeds 8000 pixels.',
  ],
  tool_name_conflict: [400, 'invalid_request_error', 'tools.0.name: the name is already taken.'],
} as const satisfies Record<string, CodedError>;

/** The API says these in words alone, so that they are what the service knows them by. */
const WITHOUT_CODE: ReadonlySet<string> = new Set([
  'usage_limit_reached',
  'credit_balance_too_low',
]);

const STOP_REASONS = [
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
] as const;

/** What a refusal can be about; the API gives null where it is none of these. */
export const REFUSAL_CATEGORIES = [
  'cyber',
  'bio',
  'frontier_llm',
  'reasoning_extraction',
  'general_harms',
] as const;

const CACHE_MISSES = [
  'model_changed',
  'system_changed',
  'tools_changed',
  'messages_changed',
  'previous_message_not_found',
  'unavailable',
] as const;

export type ErrorCode = keyof typeof CODED_ERRORS;
export type AnswerKind =
  | `error_code:${ErrorCode}`
  | `stop_reason:${(typeof STOP_REASONS)[number]}`
  | `cache_miss:${(typeof CACHE_MISSES)[number]}`
  | 'usage:malformed';

export const ANSWER_KINDS: readonly AnswerKind[] = [
  ...(Object.keys(CODED_ERRORS) as ErrorCode[]).map((code) => `error_code:${code}` as const),
  ...STOP_REASONS.map((reason) => `stop_reason:${reason}` as const),
  ...CACHE_MISSES.map((reason) => `cache_miss:${reason}` as const),
  'usage:malformed',
];

/** @returns the name after a prefix of the kind, or undefined for a kind of another prefix */
function nameIn(kind: string, prefix: string): string | undefined {
  return kind.startsWith(prefix) ? kind.slice(prefix.length) : undefined;
}

/** An error as the API writes it, with the status that it has as a whole answer. */
export interface CodedAnswer {
  readonly status: number;
  readonly error: { readonly type: string; readonly message: string; readonly details?: object };
}

/** @returns the error of a kind `error_code:…`; undefined for any other kind */
export function codedErrorOf(kind: string): CodedAnswer | undefined {
  const code = nameIn(kind, 'error_code:');
  if (code === undefined) return undefined;
  const [status, type, message] = CODED_ERRORS[code as ErrorCode];
  if (WITHOUT_CODE.has(code)) return { status, error: { type, message } };
  const details = { error_code: code };
  return { status, error: { type, message: `simulated: ${message}`, details } };
}

/** @param category of a refusal, null without one @returns the message with what the kind changes in it */
export function changed(message: Message, kind: string, category: string | null): Message {
  const stopReason = nameIn(kind, 'stop_reason:');
  if (stopReason !== undefined) {
    const refusal = { type: 'refusal', category, explanation: null };
    return { ...message, stopReason, stopDetails: stopReason === 'refusal' ? refusal : null };
  }
  if (kind === 'usage:malformed') {
    const terms = { ...message.tokens.terms, isMalformed: true };
    return { ...message, tokens: { ...message.tokens, terms } };
  }
  const type = nameIn(kind, 'cache_miss:');
  if (type === undefined) return message;
  const tokens = type.endsWith('_changed') && { cache_missed_input_tokens: message.tokens.input };
  return { ...message, diagnostics: { cache_miss_reason: { type, ...tokens } } };
}

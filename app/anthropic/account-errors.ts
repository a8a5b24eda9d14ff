/**
 * Whose fault an error of the API is where its status does not tell: some faults of the account behind a key
 * come as a 400, and some faults of what the caller named come as a 402 or 403.
 * https://docs.anthropic.com/en/api/errors; the codes are those of the official SDK's error classes.
 */
import { errorTypeOfStatus } from './errors.ts';

/** The parts of an error body, or of an `error` event, that decide; `''` where one is missing. */
export interface ApiError {
  readonly type: string;
  /** For people. It may quote what the caller sent. */
  readonly message: string;
  /** `error.details.error_code` */
  readonly code: string;
}

/** What was sent, all of which an upstream may quote. */
export interface SentRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string | undefined;
}

/** The account or its key is to blame, what the caller asked for, or the way on which the request was sent. */
export type Blame = 'account' | 'caller' | 'network';

const ACCOUNT_CODES: ReadonlySet<string> = new Set([
  'organization_on_hold',
  'cmek_key_disabled',
  'cmek_key_network_blocked',
  // A 503, but about the workspace of one key: the circuit that all callers share must not open for it.
  'cmek_key_unreachable',
  'cmek_context_unavailable',
  'claude_code_key_creator_not_member',
]);
const SPEND_LIMIT_CODE = /^(?!linked_organization_)[a-z_]*spend_limit_(?:reached|exceeded)$/;
/** They are about the user profile that the caller named in a header, not about our account. */
const PROFILE_CODE = /^(?:user_profile|linked_organization)_/;
/** A 400 that says what a 408 says, that the body was too slow on its way; its caller had sent all of it. */
const BODY_TIMEOUT_CODE = 'request_body_timeout';
const ACCOUNT_TYPES: ReadonlySet<string> = new Set(['authentication_error', 'billing_error']);

/**
 * These faults of an account come without a code, as a 400; their groups name the codes that they have here. A
 * message that names a field first, with a colon, is about the request.
 */
const ACCOUNT_MESSAGE =
  /^[^:"'`\n]{0,60}\b(?:(?<credit_balance_too_low>credit balance is too low)|(?<organization_disabled>organization has been disabled)|(?<usage_limit_reached>(?:reached|exceeds?|exceeded) (?:your|its|the)\b[\w '’-]{0,40} (?:usage|spend|spending) limits?))\b/i;

type Json = Readonly<Record<string, unknown>>;

/** Characters; a longer body would hold up the event loop, and other calls find the fault. */
const MAX_SEARCHED = 4 * 1024 * 1024;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

/** @param body an error body or the `data` of an `error` event, parsed */
export function readApiError(body: Json): ApiError {
  const error = isObject(body['error']) ? body['error'] : {};
  const details = isObject(error['details']) ? error['details'] : {};
  return {
    type: textOf(error['type']),
    message: textOf(error['message']),
    code: textOf(details['error_code']),
  };
}

/**
 * @param text an error body, or the `data` of an `error` event
 * @param body the same, parsed
 * @param status of the response, 400 or above
 * @returns the text as it is where it has the API's form; else the message of a gateway, in that form
 */
export function inApiForm(text: string, body: Json, status: number): string {
  const error = isObject(body['error']) ? body['error'] : {};
  const { type, message } = readApiError(body);
  const isWhole = [error['type'], error['message']].every((part) => typeof part === 'string');
  if (body['type'] === 'error' && isWhole) return text;
  return JSON.stringify({
    type: 'error',
    error: {
      type: type || errorTypeOfStatus(status),
      message:
        message ||
        textOf(body['message']) ||
        textOf(body['error']) ||
        `the upstream answered ${status} without a message`,
    },
  });
}

/**
 * @param error undefined for a body that the API did not write: a firewall's page
 * @param status of the response, 400 or above
 * @returns undefined where the status tells
 */
export function blameOf(
  error: ApiError | undefined,
  status: number,
  sent: SentRequest,
): Blame | undefined {
  // A firewall rejects what the caller wrote with a 403 of its own, whatever the key.
  if (!error) return status === 403 ? 'caller' : undefined;
  const { type, message, code } = error;
  if (PROFILE_CODE.test(code)) return 'caller';
  if (code === BODY_TIMEOUT_CODE) return 'network';
  if (ACCOUNT_CODES.has(code) || SPEND_LIMIT_CODE.test(code)) return 'account';
  if (status >= 500) return undefined;
  if (ACCOUNT_TYPES.has(type)) return 'account';
  return status === 400 && codeOfMessage(message, sent) !== '' ? 'account' : undefined;
}

/**
 * @param status of the response, 400 or above
 * @returns the error's code, or ours of a fault that the API only has words for; `''` for any other
 */
export function codeOf({ code, message }: ApiError, status: number, sent: SentRequest): string {
  return code === '' && status < 500 ? codeOfMessage(message, sent) : code;
}

function codeOfMessage(message: string, sent: SentRequest): string {
  const groups = ACCOUNT_MESSAGE.exec(message)?.groups ?? {};
  const [code = '', words = ''] = Object.entries(groups).find(([, found]) => found) ?? [];
  return code === '' || quotes(sent, words) ? '' : code;
}

/**
 * Whether the request itself has these words: then the message may only repeat them, and a caller could
 * take our keys out by writing them.
 */
function quotes({ url, headers, body = '""' }: SentRequest, words: string): boolean {
  if (body.length > MAX_SEARCHED) return true;
  try {
    // Decoded, so that no escape sequence hides a letter.
    const sent = [decodeURIComponent(url), JSON.stringify(JSON.parse(body))];
    return lettersOf([...sent, ...Object.values(headers)].join()).includes(lettersOf(words));
  } catch {
    return true;
  }
}

/** An upstream that quotes may tidy up spaces, cases and forms of letters. */
function lettersOf(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase();
  return folded.replaceAll(/[^a-z\\]+|\\(?:u[0-9a-f]{4}|.)/g, '');
}

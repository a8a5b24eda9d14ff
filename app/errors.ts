/** The service's errors and their form on the wire, which is Anthropic's. */
import { createRedactor, type Redactor } from './privacy/redactor.ts';

/** https://docs.anthropic.com/en/api/errors: type → HTTP status. */
export const ERROR_STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
} as const;

export type AnthropicErrorType = keyof typeof ERROR_STATUS;

/** What went wrong, as a code that is fit for a label: one of a fixed set, never a message. */
export type ErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'request_too_large'
  | 'not_found'
  | 'forbidden'
  | 'caller_limited'
  | 'no_key'
  | 'no_upstream'
  | 'draining'
  | 'shed'
  | 'timeout'
  | 'network_error'
  | 'bad_upstream_answer'
  | 'caller_deadline'
  | 'truncated'
  | 'client_cancelled'
  | 'internal_error';

const WIRE: Readonly<Record<ErrorCode, { status: number; type: AnthropicErrorType }>> = {
  invalid_request: { status: 400, type: 'invalid_request_error' },
  unauthenticated: { status: 401, type: 'authentication_error' },
  request_too_large: { status: 413, type: 'request_too_large' },
  not_found: { status: 404, type: 'not_found_error' },
  forbidden: { status: 403, type: 'permission_error' },
  caller_limited: { status: 429, type: 'rate_limit_error' },
  no_key: { status: 503, type: 'api_error' },
  no_upstream: { status: 503, type: 'api_error' },
  draining: { status: 503, type: 'api_error' },
  shed: { status: 503, type: 'overloaded_error' },
  timeout: { status: 504, type: 'timeout_error' },
  caller_deadline: { status: 504, type: 'timeout_error' },
  network_error: { status: 502, type: 'api_error' },
  bad_upstream_answer: { status: 502, type: 'api_error' },
  truncated: { status: 502, type: 'api_error' },
  // 499 is nginx's; nobody is left to read it, the access log is.
  client_cancelled: { status: 499, type: 'api_error' },
  internal_error: { status: 500, type: 'api_error' },
};

/** An error of ours. `message` is shown to the caller, so it holds no secret and no upstream text. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** When the caller may come again, milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** HTTP status of the answer. */
  get status(): number {
    return WIRE[this.code].status;
  }

  /** Anthropic's name of the error. */
  get type(): AnthropicErrorType {
    return WIRE[this.code].type;
  }
}

/** Anthropic's error body; `requestId` is the caller's handle, here the correlation ID. */
export interface ErrorBody {
  readonly type: 'error';
  readonly error: { readonly type: AnthropicErrorType; readonly message: string };
  readonly request_id: string;
}

/** Until the service's secrets are known the rules hold alone. */
let redactor: Pick<Redactor, 'text' | 'line'> = createRedactor({ secrets: () => [] });

/** Gives errors the redactor of logs and spans. One a process: called once, at its start. */
export function redactErrorsWith(own: Pick<Redactor, 'text' | 'line'>): void {
  redactor = own;
}

/**
 * An upstream's error on its way to a caller: proxies quote what they were sent, our key included.
 * @param text JSON as a rule, and then JSON again
 */
export function redactError(text: string): string {
  return redactor.line(text).trimEnd();
}

/** @returns the body that an official SDK turns into its error class, its message redacted */
export function errorBody(error: AppError, requestId: string): ErrorBody {
  return {
    type: 'error',
    error: { type: error.type, message: redactor.text(error.message) },
    request_id: requestId,
  };
}

/** Anything thrown, as an AppError; what we do not know is `internal_error`, its text kept inside. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError('internal_error', 'internal error', { cause: thrown });
}

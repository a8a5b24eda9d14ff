/** The service's errors and their form on the wire, which is Anthropic's. */
import type { ApiErrorType } from './anthropic/errors.ts';
import { type ErrorCode, errorTraits, type Outcome } from './outcome.ts';

export type { ErrorCode };

/** Longer messages quote what the caller sent, who knows it already; characters. */
const MAX_MESSAGE_LENGTH = 300;

/** Cuts between characters: half a surrogate pair is not valid UTF-8. */
function shortened(message: string): string {
  if (message.length <= MAX_MESSAGE_LENGTH) return message;
  return `${message.slice(0, MAX_MESSAGE_LENGTH - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * An error of ours. `message` is shown to the caller, so it holds no secret and no upstream text; one of over
 * 300 characters is cut.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** The same request can succeed on another attempt. */
  readonly retryable: boolean;
  /** When the caller may try again, milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(shortened(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** HTTP status of the response. */
  get status(): number {
    return errorTraits(this.code).status;
  }

  /** Anthropic's name for the error. */
  get type(): ApiErrorType {
    return errorTraits(this.code).type;
  }
}

/** @returns the outcome of a call that throws this; anything but an AppError is our own fault */
export function outcomeOfError(error: unknown): Outcome {
  return error instanceof AppError ? errorTraits(error.code).outcome : 'internal_error';
}

/** Anthropic's error body; `requestId` is what the caller can quote, here the correlation ID. */
export interface ErrorBody {
  readonly type: 'error';
  readonly error: { readonly type: ApiErrorType; readonly message: string };
  readonly request_id: string;
}

/**
 * @param redact hides secrets in the message
 * @returns the body that an official SDK turns into its error class
 */
export function errorBody(
  error: AppError,
  requestId: string,
  redact: (text: string) => string,
): ErrorBody {
  return {
    type: 'error',
    error: { type: error.type, message: redact(error.message) },
    request_id: requestId,
  };
}

/** @returns why a caller's signal was aborted: a stop of ours says so, anything else is that they went away */
export function errorOfAbort({ reason }: AbortSignal): AppError {
  if (reason instanceof AppError) return reason;
  return new AppError('client_cancelled', 'the caller went away');
}

/** Anything thrown, as an AppError; an unknown error becomes `internal_error`, its text kept as the cause. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError('internal_error', 'internal error', { cause: thrown });
}

/** Stage: limits one attempt at a complete response. A stream's limit is set by `readResponse`. */
import { AppError } from '../errors.ts';
import { LinkedAbort } from '../time/linked-abort.ts';
import type { Stage } from './stage.ts';

/**
 * The headers of a complete response come only after it was generated: a limit to the first byte
 * would end good calls, which would then be billed twice.
 * @throws {AppError} timeout, retryable
 */
export function attemptTimeout(timeoutMs: number): Stage {
  const onTimeout = () =>
    new AppError('timeout', `no response from the upstream within ${timeoutMs} ms`, {
      retryable: true,
    });
  return async function attemptTimeout(request, next) {
    if (request.stream) return next(request);
    using limit = new LinkedAbort(request.signal, { timeoutMs, onTimeout });
    return await next({ ...request, signal: limit.signal });
  };
}

/** Stage: limits one attempt at a whole answer, and aborts what it limits. Streams are `hold`'s. */

import { AppError } from '../errors.ts';
import { linkedAbort } from '../time/linked-abort.ts';
import type { Stage } from './stage.ts';

/**
 * Headers of a whole answer come only after its generation: a limit to the first byte would end good
 * calls, and pay for them twice.
 * @throws {AppError} timeout, retryable
 */
export function timeout(attemptTimeoutMs: number): Stage {
  const onTimeout = () =>
    new AppError('timeout', `no answer from the upstream within ${attemptTimeoutMs} ms`, {
      retryable: true,
    });
  return async function timeout(request, next) {
    if (request.stream) return next(request);
    const limit = linkedAbort(request.signal, { timeoutMs: attemptTimeoutMs, onTimeout });
    try {
      return await next({ ...request, signal: limit.signal });
    } finally {
      limit.dispose();
    }
  };
}

/** Stage: limits one attempt, and aborts what it limits. */
import { linkedAbort } from '../claude/deadline.ts';
import { AppError } from '../errors.ts';
import type { Stage } from './stage.ts';

/**
 * The limit ends when the response is there: a whole answer's text, a stream's headers. Until a
 * stream's own end the request's signal goes on to abort it.
 * @throws {AppError} timeout, retryable
 */
export function timeout(attemptTimeoutMs: number): Stage {
  const onTimeout = () =>
    new AppError('timeout', `no answer from the upstream within ${attemptTimeoutMs} ms`, {
      retryable: true,
    });
  return async function timeout(request, next) {
    const limit = linkedAbort(request.signal, { timeoutMs: attemptTimeoutMs, onTimeout });
    try {
      const response = await next({ ...request, signal: limit.signal });
      limit.clearTimer();
      if (typeof response.data === 'string') limit.dispose();
      return response;
    } catch (error) {
      limit.dispose();
      throw error;
    }
  };
}

/** Stage: tells the call of each attempt, and sends trace and correlation ID with it. */
import { outcomeOfStatus } from '../anthropic/messages.ts';
import { outcomeOfError } from './outcome.ts';
import type { Stage } from './stage.ts';

/** A stream's attempt ends as its stream does: an error inside a 200 is a failed attempt. */
export function observeAttempt(): Stage {
  return async function observeAttempt(request, next) {
    const attempt = request.call.startAttempt(request.upstream?.name ?? 'default');
    request.call.waitBegins();
    try {
      const headers = { ...request.headers, ...attempt.headers };
      const response = await attempt.run(() => next({ ...request, headers }));
      const { status, ended } = response;
      if (ended) void ended.then((outcome) => attempt.end(outcome, status));
      else attempt.end(outcomeOfStatus(status), status);
      return response;
    } catch (error) {
      attempt.end(outcomeOfError(error), 0);
      throw error;
    } finally {
      request.call.waitEnds();
    }
  };
}

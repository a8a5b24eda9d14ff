/** Stage: tells the call of each attempt, and sends trace and correlation ID with it. */
import { outcomeOfStatus } from '../claude/messages.ts';
import { outcomeOfError } from './outcome.ts';
import type { Clock, Stage } from './stage.ts';

/**
 * A stream's attempt ends as its stream does, which is the call's outcome: an error inside a 200 is
 * a failed attempt.
 */
export function observeAttempt({ clock }: { clock: Pick<Clock, 'now'> }): Stage {
  return async function observeAttempt(request, next) {
    const attempt = request.call.startAttempt(request.upstream?.name ?? 'default');
    const startedMs = clock.now();
    try {
      const headers = { ...request.headers, ...attempt.headers };
      const response = await attempt.run(() => next({ ...request, headers }));
      if (typeof response.data !== 'string') attempt.streaming(response.status);
      else attempt.end(outcomeOfStatus(response.status), response.status);
      return response;
    } catch (error) {
      attempt.end(outcomeOfError(error), 0);
      throw error;
    } finally {
      request.call.waited(clock.now() - startedMs);
    }
  };
}

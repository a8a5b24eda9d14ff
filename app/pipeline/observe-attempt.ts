/** Stage: records each attempt, and sends the trace and the correlation ID with it. */
import { outcomeOfError } from '../errors.ts';
import { whenEnded } from './attempt.ts';
import type { Stage } from './stage.ts';

/** A stream's attempt ends as its stream does: an error inside a 200 is a failed attempt. */
export function observeAttempt(): Stage {
  return async function observeAttempt(request, next) {
    const { call, state, upstream } = request;
    const attempt = call.startAttempt(upstream?.name ?? 'default');
    state.upstreamWait.start();
    try {
      const headers = { ...request.headers, ...attempt.headers };
      const response = await attempt.run(() => next({ ...request, headers, attempt }));
      whenEnded(response, (outcome) => attempt.end(outcome, response.status));
      return response;
    } catch (error) {
      attempt.end(outcomeOfError(error), 0);
      throw error;
    } finally {
      state.upstreamWait.stop();
    }
  };
}

/** Stage, the outermost: tells how the call ended, when its last byte has gone by. */
import { outcomeOfStatus } from '../anthropic/messages.ts';
import { outcomeOfError } from './outcome.ts';
import type { Stage } from './stage.ts';

/** A whole answer has ended when it is here, a stream when its last byte was read or its reader left. */
export function observeCall(): Stage {
  return async function observeCall(request, next) {
    const { call } = request;
    try {
      const response = await call.run(() => next(request));
      const requestId = response.headers['request-id'];
      if (requestId !== undefined) call.answer({ requestId });
      if (response.ended) void response.ended.then((outcome) => call.end(outcome));
      else call.end(outcomeOfStatus(response.status));
      return response;
    } catch (error) {
      call.end(outcomeOfError(error));
      throw error;
    }
  };
}

/** Stage, the outermost: records how the call ended, once its last byte has passed. */
import { outcomeOfError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { whenEnded } from './attempt.ts';
import type { PipelineRequest, Stage } from './stage.ts';

/** A complete response has ended once it has arrived, a stream when its reader has read all of it or left. */
export function observeCall(): Stage {
  return async function observeCall(request, next) {
    const { call } = request;
    try {
      const response = await call.run(() => next(request));
      whenEnded(response, (outcome) => end(request, outcome));
      return response;
    } catch (error) {
      end(request, outcomeOfError(error));
      throw error;
    }
  };
}

function end({ call, state }: PipelineRequest, outcome: Outcome): void {
  const { usage, writtenTokens, longestGapMs } = state;
  call.end(outcome, { usage, writtenTokens, overheadMs: state.overheadMs(), longestGapMs });
}

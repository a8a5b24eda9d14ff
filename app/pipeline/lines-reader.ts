/** Passes a stream of JSON lines on as its reader asks for it, and tells how it ended. */
import type { EventStream, SseEvent } from '../anthropic/sse.ts';
import { outcomeOfError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import type { LinkedAbort } from '../time/linked-abort.ts';
import type { CallState } from './call-state.ts';
import type { PipelineResponse } from './stage.ts';

/**
 * @param limit owned by this function: its timer ends now, because the upstream has answered
 * @param read sees each block before it is passed on; it must not throw
 */
export function followLines(
  response: PipelineResponse,
  lines: EventStream,
  limit: LinkedAbort,
  state: CallState,
  read: (block: SseEvent) => void,
): PipelineResponse {
  limit.clearTimer();
  state.hasContent = true;
  const { promise: outcome, resolve } = Promise.withResolvers<Outcome>();
  // A reader that is stalled asks for nothing, so an abort ends the stream here.
  const onAbort = () => resolve(outcomeOfError(limit.signal.reason));
  limit.signal.addEventListener('abort', onAbort, { once: true });
  async function* follow() {
    // It ends because its reader stopped reading, unless it has an end or breaks.
    let ended: Outcome = 'client_cancelled';
    try {
      for await (const blocks of lines) {
        blocks.forEach(read);
        yield blocks;
      }
      ended = 'success';
    } catch (error) {
      ended = outcomeOfError(error);
      throw error;
    } finally {
      limit[Symbol.dispose]();
      resolve(ended);
    }
  }
  return { ...response, data: follow(), outcome };
}

/** Runs a call to its end: makes its requests one after the other, and pauses where it says so. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, LoadRequest, Step } from '../calls/kinds.ts';

export interface Performing {
  /** Never rejects. */
  readonly send: (request: LoadRequest) => Promise<Answer>;
  /** The run is over: what is in flight is given up. */
  readonly signal: AbortSignal;
}

/** @returns what the call returns; undefined when the run was over before it ended */
export async function perform<T>(
  call: Generator<Step, T, Answer | undefined>,
  { send, signal }: Performing,
): Promise<T | undefined> {
  let step = call.next();
  while (!step.done) {
    const answer =
      'request' in step.value
        ? await send(step.value.request)
        : await delay(step.value.pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
    step = call.next(answer);
  }
  return step.value;
}

/** The system's clock, as the dependency that stages take. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../pipeline/stage.ts';

/** Monotonic milliseconds; `sleep` rejects with the signal's own reason. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};

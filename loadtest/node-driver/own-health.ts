/**
 * How well this process keeps up. A driver that is short of CPU begins calls late and reads answers late, and then
 * measures itself.
 */
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** How often the delay is sampled; the samples of `monitorEventLoopDelay` contain this interval. */
const RESOLUTION_MS = 10;

export interface Health {
  /** How late timers fire, milliseconds. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** The share of the time in which the event loop had work, 0 to 1. */
  readonly utilization: number;
}

/** A watch over this process, of which the warm-up is no part: it is slow by intent. */
export class OwnHealth {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #before: EventLoopUtilization | undefined;

  /** Watches from the first time on that this is called. */
  watch(): void {
    if (this.#before) return;
    this.#before = performance.eventLoopUtilization();
    this.#delays.enable();
  }

  /** Ends the watch. @returns what was seen; zeros if it never began */
  end(): Health {
    this.#delays.disable();
    const late = (ns: number) => Math.max(0, ns / 1e6 - RESOLUTION_MS);
    if (!this.#before) return { delayP99Ms: 0, delayMaxMs: 0, utilization: 0 };
    return {
      delayP99Ms: late(this.#delays.percentile(99)),
      delayMaxMs: late(this.#delays.max),
      utilization: performance.eventLoopUtilization(this.#before).utilization,
    };
  }
}

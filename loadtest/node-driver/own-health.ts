/**
 * How well this process keeps up. A driver that is short of CPU begins calls late and reads answers late, and then
 * measures itself.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** How often the delay is sampled; the samples of `monitorEventLoopDelay` contain this interval. */
const RESOLUTION_MS = 10;

export interface Health {
  /** How late timers fire, milliseconds. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** The share of the time in which the event loop had work, 0 to 1. */
  readonly utilization: number;
}

/** Watches this process from now on. @returns ends the watch and tells what was seen */
export function watchOwnHealth(): () => Health {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const before = performance.eventLoopUtilization();
  delays.enable();
  const late = (ns: number) => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  return () => {
    delays.disable();
    return {
      delayP99Ms: late(delays.percentile(99)),
      delayMaxMs: late(delays.max),
      utilization: performance.eventLoopUtilization(before).utilization,
    };
  };
}

/** Calculates from measured figures what a rate of calls takes in processes, series and bytes. */
import type { Volume } from './volume.ts';

/** How busy an instance may be: above it waiting grows faster than throughput, and one that fails has no others to take over. */
export const BUSY = 0.6;
/** The share of calls that is traced. */
export const SAMPLED = 0.1;
/** Of the shipped Prometheus configuration. */
export const SCRAPE_S = 15;

const DAY_S = 86_400;

export interface Fleet {
  readonly instances: number;
  readonly series: number;
  readonly samplesPerSecond: number;
  readonly traceMBPerSecond: number;
  readonly traceGBPerDay: number;
  readonly logMBPerSecond: number;
  readonly logGBPerDay: number;
}

/**
 * @param perSecond calls that the fleet has to take
 * @param capacity calls a second of one process on one core
 */
export function fleetFor(
  perSecond: number,
  capacity: number,
  { series, traceBytes, logBytes }: Volume,
): Fleet {
  const instances = Math.ceil(perSecond / (capacity * BUSY));
  const traces = perSecond * SAMPLED * traceBytes;
  const logs = perSecond * logBytes;
  return {
    instances,
    series: instances * series,
    samplesPerSecond: (instances * series) / SCRAPE_S,
    traceMBPerSecond: traces / 1e6,
    traceGBPerDay: (traces * DAY_S) / 1e9,
    logMBPerSecond: logs / 1e6,
    logGBPerDay: (logs * DAY_S) / 1e9,
  };
}

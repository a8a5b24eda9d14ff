/** Makes load from Node in a closed or an open loop, and computes percentiles. */
import { setTimeout as delay } from 'node:timers/promises';

export interface ClosedLoop {
  /** Calls in flight at once. */
  readonly concurrency: number;
  /** Calls to make in all; default unlimited. */
  readonly calls?: number;
  /** No call begins after this time; default unlimited. */
  readonly durationMs?: number;
}

/**
 * Keeps `concurrency` calls in flight: each worker begins its next call when its last one has
 * ended.
 * @param call gets the number of the call, from 1; the loop rejects when it does
 * @returns the results, in the order in which the calls ended
 * @example
 * const statuses = await closedLoop({ calls: 1_000, concurrency: 20 }, () => callService());
 */
export async function closedLoop<T>(
  {
    concurrency,
    calls = Number.POSITIVE_INFINITY,
    durationMs = Number.POSITIVE_INFINITY,
  }: ClosedLoop,
  call: (n: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  const endMs = performance.now() + durationMs;
  let begun = 0;
  const worker = async () => {
    while (begun < calls && performance.now() < endMs) {
      begun += 1;
      results.push(await call(begun));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}

export interface OpenLoop {
  /** Calls to make in all. */
  readonly calls: number;
  /** Calls that begin each second. */
  readonly perSecond: number;
}

/** Calls that are due within one tick begin together: timers are no finer than a millisecond. */
const TICK_MS = 2;

/**
 * Begins calls at a fixed rate, whether or not earlier ones have ended: an overloaded service gets
 * no relief.
 * @returns the results, in the order in which the calls began
 */
export async function openLoop<T>(
  { calls, perSecond }: OpenLoop,
  call: () => Promise<T>,
): Promise<T[]> {
  const begun: Promise<T>[] = [];
  const startedMs = performance.now();
  while (begun.length < calls) {
    const elapsedMs = performance.now() - startedMs;
    const due = Math.min(calls, Math.ceil((elapsedMs / 1000) * perSecond));
    while (begun.length < due) begun.push(call());
    await delay(TICK_MS);
  }
  return Promise.all(begun);
}

/**
 * Interpolates linearly between the two nearest samples, as k6's Trend does.
 * @param share 0 to 1: 0.99 is the P99
 * @returns undefined without samples
 */
export function percentile(samples: readonly number[], share: number): number | undefined {
  const sorted = samples.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const low = sorted[Math.floor(position)];
  const high = sorted[Math.ceil(position)];
  if (low === undefined || high === undefined) return undefined;
  return low + (high - low) * (position - Math.floor(position));
}

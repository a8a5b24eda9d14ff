/** Counts the calls of a Node run and aggregates them as k6 does, so that both judge alike. */
import type { CallType, Observation } from '../smoke/call.ts';
import { callsOf, METRIC } from '../smoke/thresholds.ts';

/** What happened so far; plain data, changed only by `record`. */
export interface Tally {
  calls: Record<CallType, number>;
  good: number;
  goodWhole: number;
  answered: number;
  correlated: number;
  durationsMs: number[];
  overheadsMs: number[];
  /** Failed calls by reason. */
  reasons: Map<string, number>;
}

export function newTally(): Tally {
  return {
    calls: { whole: 0, streamed: 0 },
    good: 0,
    goodWhole: 0,
    answered: 0,
    correlated: 0,
    durationsMs: [],
    overheadsMs: [],
    reasons: new Map(),
  };
}

/** Adds one call. Latency and overhead count good calls only (docs/semantics.md). */
export function record(tally: Tally, type: CallType, seen: Observation, durationMs: number): void {
  tally.calls[type] += 1;
  if (seen.correlated !== undefined) tally.answered += 1;
  if (seen.correlated === true) tally.correlated += 1;
  if (!seen.verdict.ok) {
    const { reason } = seen.verdict;
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
    return;
  }
  tally.good += 1;
  tally.durationsMs.push(durationMs);
  if (type === 'whole') tally.goodWhole += 1;
  if (seen.overheadMs !== undefined) tally.overheadsMs.push(seen.overheadMs);
}

/** @returns the aggregated value by metric; one that was never measured is undefined */
export function aggregate(tally: Tally): Readonly<Record<string, number | undefined>> {
  return {
    [METRIC.success]: ratio(tally.good, tally.calls.whole + tally.calls.streamed),
    [METRIC.durationMs]: percentile(tally.durationsMs, 0.99),
    [METRIC.overheadMs]: percentile(tally.overheadsMs, 0.99),
    [METRIC.overheadTold]: ratio(tally.overheadsMs.length, tally.goodWhole),
    [METRIC.correlated]: ratio(tally.correlated, tally.answered),
    [callsOf('whole')]: tally.calls.whole,
    [callsOf('streamed')]: tally.calls.streamed,
  };
}

function ratio(part: number, all: number): number | undefined {
  return all === 0 ? undefined : part / all;
}

/** Interpolates linearly between the two nearest samples, as k6's Trend does. `share` is 0 to 1. */
export function percentile(samples: readonly number[], share: number): number | undefined {
  const sorted = samples.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const low = sorted[Math.floor(position)];
  const high = sorted[Math.ceil(position)];
  if (low === undefined || high === undefined) return undefined;
  return low + (high - low) * (position - Math.floor(position));
}

/** Counts calls and aggregates them as k6 does, so that both reach the same verdict. */

import type { CallType, Observation } from '../calls/call.ts';
import { percentile } from '../lib/load.ts';
import { callsOf, METRIC } from './drive-thresholds.ts';

/** The counts so far: plain data that only `record` changes. */
export interface Tally {
  calls: Record<CallType, number>;
  good: number;
  goodComplete: number;
  answered: number;
  correlated: number;
  durationsMs: number[];
  overheadsMs: number[];
  /** Failed calls by reason. */
  reasons: Map<string, number>;
}

export function newTally(): Tally {
  return {
    calls: { complete: 0, streaming: 0 },
    good: 0,
    goodComplete: 0,
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
  if (type === 'complete') tally.goodComplete += 1;
  if (seen.overheadMs !== undefined) tally.overheadsMs.push(seen.overheadMs);
}

/** @returns the aggregated value of each metric; undefined if it was never measured */
export function aggregate(tally: Tally): Readonly<Record<string, number | undefined>> {
  return {
    [METRIC.success]: ratio(tally.good, callsIn(tally)),
    [METRIC.durationMs]: percentile(tally.durationsMs, 0.99),
    [METRIC.overheadMs]: percentile(tally.overheadsMs, 0.99),
    [METRIC.overheadReported]: ratio(tally.overheadsMs.length, tally.goodComplete),
    [METRIC.correlated]: ratio(tally.correlated, tally.answered),
    [callsOf('complete')]: tally.calls.complete,
    [callsOf('streaming')]: tally.calls.streaming,
  };
}

/** @returns the number of calls of both types together */
export function callsIn({ calls }: Tally): number {
  return calls.complete + calls.streaming;
}

function ratio(part: number, all: number): number | undefined {
  return all === 0 ? undefined : part / all;
}

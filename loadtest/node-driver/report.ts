/** The Node driver's report: one line for each threshold, and a summary in JSON. */

import { expression, holds, METRIC, smokeThresholds, type Threshold } from './drive-thresholds.ts';
import { aggregate, callsIn, type Tally } from './tally.ts';

/** The last line of a run, as JSON. A value that was never measured is null. */
export interface Summary {
  /** Calls of both types together. */
  readonly calls: number;
  /** Share of good calls, 0 to 1. */
  readonly success: number | null;
  readonly p99Ms: number | null;
  readonly overheadP99Ms: number | null;
  /** Metrics whose threshold was missed, in k6's notation. */
  readonly failedThresholds: readonly string[];
}

export function failedMetrics(tally: Tally, callsPerType: number): readonly string[] {
  const values = aggregate(tally);
  return smokeThresholds(callsPerType)
    .filter((threshold) => !threshold.k6Only && !holds(threshold, values[threshold.metric]))
    .map((threshold) => threshold.metric);
}

export function summaryOf(tally: Tally, failedThresholds: readonly string[]): Summary {
  const values = aggregate(tally);
  return {
    calls: callsIn(tally),
    success: values[METRIC.success] ?? null,
    p99Ms: rounded(values[METRIC.durationMs]),
    overheadP99Ms: rounded(values[METRIC.overheadMs]),
    failedThresholds,
  };
}

/** @returns the printed lines: thresholds with their values, then failures by reason */
export function thresholdTable(tally: Tally, callsPerType: number): readonly string[] {
  const values = aggregate(tally);
  const rows = smokeThresholds(callsPerType).map((threshold) => {
    const name = threshold.metric.padEnd(36);
    const result = outcome(threshold, values[threshold.metric]);
    return `${name} ${expression(threshold).padEnd(14)} ${result}`;
  });
  const reasons = [...tally.reasons].map(([reason, count]) => `failed: ${count} × ${reason}`);
  return [...rows, ...reasons];
}

function outcome(threshold: Threshold, value: number | undefined): string {
  if (threshold.k6Only) return 'not measured: needs k6';
  const shown = value === undefined ? 'no value' : String(Number(value.toFixed(4)));
  return `${shown.padEnd(10)} ${holds(threshold, value) ? 'ok' : 'MISSED'}`;
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100;
}

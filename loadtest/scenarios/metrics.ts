/** The metrics of the load, under the names that k6 prints, and what each call adds to them. */
import type { CallKind, Observation } from '../calls/kinds.ts';

export const METRIC = {
  /** Counter. */
  calls: 'claude_calls',
  /** Rate: good answers, as `loadtest/calls` judges them, among the calls whose callers waited for one. */
  success: 'claude_call_success',
  /** Rate: calls that were answered well, or told to come back, among the same. */
  answered: 'claude_call_answered',
  /** Counter: callers who wanted to hang up, and were refused or cut off before they did. */
  hangUpFailed: 'claude_hang_up_failed',
  /** Rate: calls whose answers all have their correlation ID, among those that got an answer. */
  correlated: 'claude_call_correlated',
  /** Trend, milliseconds: duration of good calls, from sending to the last byte, of all their requests together. */
  durationMs: 'claude_call_duration_ms',
  /** Trend, milliseconds: the service's own time in good calls. */
  overheadMs: 'claude_call_overhead_ms',
  /** Rate: good calls that say their overhead; the trend ignores those that do not. */
  overheadReported: 'claude_call_overhead_reported',
  /** Trend, milliseconds: from sending to the first event of good streams. k6 reads answers whole and has none. */
  firstEventMs: 'claude_call_first_event_ms',
  /** Trend, milliseconds: to the first text of good streams. Not in k6. */
  firstTextMs: 'claude_call_first_text_ms',
  /** Trend, milliseconds: the longest silence within good streams. Not in k6. */
  longestGapMs: 'claude_call_longest_gap_ms',
  /** Trend, milliseconds: how much later than due each call began; what the driver itself is too slow for. */
  driverLagMs: 'claude_driver_lag_ms',
  /** Counter of k6's own: calls that were due while as many were in flight as may be. */
  dropped: 'dropped_iterations',
  /** Counter: faults that were switched on, or off after they had been injected into a request at least once. */
  faultChanges: 'claude_fault_changes',
} as const;
export type MetricName = (typeof METRIC)[keyof typeof METRIC];

/** What k6 calls the type of each. */
export const METRIC_TYPE: Readonly<Record<MetricName, 'counter' | 'rate' | 'trend'>> = {
  claude_calls: 'counter',
  claude_call_success: 'rate',
  claude_call_answered: 'rate',
  claude_hang_up_failed: 'counter',
  claude_call_correlated: 'rate',
  claude_call_duration_ms: 'trend',
  claude_call_overhead_ms: 'trend',
  claude_call_overhead_reported: 'rate',
  claude_call_first_event_ms: 'trend',
  claude_call_first_text_ms: 'trend',
  claude_call_longest_gap_ms: 'trend',
  claude_driver_lag_ms: 'trend',
  dropped_iterations: 'counter',
  claude_fault_changes: 'counter',
};

/**
 * The aggregates of each series, as k6 gives them to `handleSummary`: counters have `count`; rates `rate`, and with k6
 * `passes` and `fails`; trends all of `TREND_STATS`.
 */
export type Metrics = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The aggregates of trends, in k6's notation. */
export const TREND_STATS = [
  'count',
  'min',
  'avg',
  'med',
  'p(90)',
  'p(95)',
  'p(99)',
  'max',
] as const;

/** A value to add to a metric; of a rate, 1 or 0. */
export type Sample = readonly [metric: MetricName, value: number];

/** Streams are answered before their overhead is known. */
const REPORTS_OVERHEAD: ReadonlySet<CallKind> = new Set([
  'complete',
  'count_tokens',
  'tools',
  'cached',
  'thinking',
]);

/** @returns what a call adds to the metrics, besides the lag with which it began */
export function samplesOf(kind: CallKind, seen: Observation): readonly Sample[] {
  const samples: Sample[] = [[METRIC.calls, 1]];
  if (seen.correlated !== undefined) samples.push([METRIC.correlated, Number(seen.correlated)]);
  if (kind === 'hang_up') samples.push(...hangUpSamples(seen));
  else samples.push(...answerSamples(kind, seen));
  return samples;
}

/**
 * A caller who leaves gets no answer that could be good, and how long they stayed is no duration. Counted as successes
 * they would hide failures of the calls beside them; only what went wrong before they left is known.
 */
function hangUpSamples({ verdict }: Observation): Sample[] {
  return verdict.ok ? [] : [[METRIC.hangUpFailed, 1]];
}

function answerSamples(kind: CallKind, seen: Observation): Sample[] {
  const samples: Sample[] = [
    [METRIC.success, Number(seen.verdict.ok)],
    [METRIC.answered, Number(seen.answered)],
  ];
  if (seen.verdict.ok) samples.push(...timesOf(kind, seen));
  return samples;
}

function timesOf(kind: CallKind, { durationMs, overheadMs, stream }: Observation): Sample[] {
  const samples: Sample[] = [[METRIC.durationMs, durationMs]];
  if (REPORTS_OVERHEAD.has(kind)) {
    samples.push([METRIC.overheadReported, Number(overheadMs !== undefined)]);
    if (overheadMs !== undefined) samples.push([METRIC.overheadMs, overheadMs]);
  }
  if (!stream) return samples;
  samples.push([METRIC.firstEventMs, stream.firstEventMs]);
  samples.push([METRIC.longestGapMs, stream.longestGapMs]);
  if (stream.firstTextMs !== undefined) samples.push([METRIC.firstTextMs, stream.firstTextMs]);
  return samples;
}

/** @returns whether good calls of a phase tell the service's own time */
export function reportsOverhead(kinds: readonly CallKind[]): boolean {
  return kinds.some((kind) => REPORTS_OVERHEAD.has(kind));
}

/** The tags of a series; one of a phase and a kind has both. */
export interface SeriesTags {
  readonly phase?: string | undefined;
  readonly kind?: CallKind | undefined;
}

/** @returns the key of a series in k6's notation, `name{scenario:smoke,call_type:complete}` */
export function seriesKey(metric: MetricName, { phase, kind }: SeriesTags = {}): string {
  const tags = [
    ...(phase === undefined ? [] : [`scenario:${phase}`]),
    ...(kind === undefined ? [] : [`call_type:${kind}`]),
  ];
  return tags.length === 0 ? metric : `${metric}{${tags.join(',')}}`;
}

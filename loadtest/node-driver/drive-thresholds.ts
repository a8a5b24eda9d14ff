/** Derives the thresholds of the smoke load from the objectives: one list for k6 and for Node. */
import { slo } from '../../observability/slo.ts';
import { CALL_TYPES, type CallType } from '../calls/call.ts';

/** The names of the load's own metrics, as k6 prints them. */
export const METRIC = {
  /** Rate: good answers, as `verdict.ts` judges them, among all calls. */
  success: 'claude_call_success',
  /** Trend, milliseconds: duration of good calls, from sending to the last byte. */
  durationMs: 'claude_call_duration_ms',
  /** Trend, milliseconds: the service's own time in good complete calls. */
  overheadMs: 'claude_call_overhead_ms',
  /** Rate: good complete calls that have an overhead header; the trend ignores those without one. */
  overheadReported: 'claude_call_overhead_reported',
  /** Rate: answers with the correlation ID of their call. */
  correlated: 'claude_call_correlated',
  /** Counter, tagged `call_type`. */
  calls: 'claude_calls',
} as const;

/** One condition on an aggregated value. */
export interface Threshold {
  /** The metric's name, with k6's tag filter if the threshold is for a part of it. */
  readonly metric: string;
  readonly aggregate: 'rate' | 'count' | 'p(99)';
  readonly operator: '>' | '<' | '>=' | '==';
  readonly limit: number;
  /** Only k6 can measure it, because it needs an open loop. */
  readonly k6Only?: true;
}

/** @param callsPerType the number of calls of each type that must have been made */
export function smokeThresholds(callsPerType: number): readonly Threshold[] {
  const { availability, latency, overhead } = slo.profiles.documented.objectives;
  const { success, durationMs, overheadMs, overheadReported, correlated } = METRIC;
  return [
    { metric: success, aggregate: 'rate', operator: '>', limit: availability.goodRatio },
    { metric: durationMs, aggregate: 'p(99)', operator: '<', limit: latency.limitMs },
    { metric: overheadMs, aggregate: 'p(99)', operator: '<', limit: overhead.limitMs },
    { metric: overheadReported, aggregate: 'rate', operator: '==', limit: 1 },
    { metric: correlated, aggregate: 'rate', operator: '==', limit: 1 },
    ...CALL_TYPES.map((type) => enoughCalls(type, callsPerType)),
    { metric: 'dropped_iterations', aggregate: 'count', operator: '==', limit: 0, k6Only: true },
  ];
}

/** @returns the counter of one call type, in k6's notation */
export function callsOf(type: CallType): string {
  return `${METRIC.calls}{call_type:${type}}`;
}

function enoughCalls(type: CallType, limit: number): Threshold {
  return { metric: callsOf(type), aggregate: 'count', operator: '>=', limit };
}

/** @returns the condition in k6's notation, such as `p(99)<500` */
export function expression(threshold: Threshold): string {
  return `${threshold.aggregate}${threshold.operator}${threshold.limit}`;
}

/** @returns the value of k6's option `thresholds` */
export function k6Thresholds(thresholds: readonly Threshold[]): Record<string, string[]> {
  const byMetric: Record<string, string[]> = {};
  for (const threshold of thresholds) {
    byMetric[threshold.metric] = [...(byMetric[threshold.metric] ?? []), expression(threshold)];
  }
  return byMetric;
}

/** Tells whether a value meets a threshold; an absent one never does, though k6 takes it as 0. */
export function holds(threshold: Threshold, value: number | undefined): boolean {
  if (value === undefined || Number.isNaN(value)) return false;
  switch (threshold.operator) {
    case '>':
      return value > threshold.limit;
    case '<':
      return value < threshold.limit;
    case '>=':
      return value >= threshold.limit;
    case '==':
      return value === threshold.limit;
  }
}

/** The thresholds of the smoke load, from the objectives; the same list for k6 and for Node. */
import { slo } from '../../observability/slo.ts';
import { CALL_TYPES, type CallType } from './call.ts';

/** The load's own metrics, as k6 prints them. */
export const METRIC = {
  /** Rate: good answers by `answer.ts`, of all calls. */
  success: 'claude_call_success',
  /** Trend, milliseconds: good calls from sending to the last byte. */
  durationMs: 'claude_call_duration_ms',
  /** Trend, milliseconds: the service's own time in good whole calls. */
  overheadMs: 'claude_call_overhead_ms',
  /** Rate: good whole calls that told their overhead (an absent header would pass the trend). */
  overheadTold: 'claude_call_overhead_told',
  /** Rate: answers that brought the correlation ID back. */
  correlated: 'claude_call_correlated',
  /** Counter, tagged `call_type`. */
  calls: 'claude_calls',
} as const;

/** One condition on an aggregated value. */
export interface Threshold {
  /** Metric, with k6's tag filter where it is a part of one. */
  readonly metric: string;
  readonly aggregate: 'rate' | 'count' | 'p(99)';
  readonly operator: '>' | '<' | '>=' | '==';
  readonly limit: number;
  /** Needs an open loop: k6 alone can measure it. */
  readonly k6Only?: true;
}

/** @param callsPerType as many calls of each type must have been made */
export function smokeThresholds(callsPerType: number): readonly Threshold[] {
  const { success, durationMs, overheadMs, overheadTold, correlated } = METRIC;
  return [
    { metric: success, aggregate: 'rate', operator: '>', limit: slo.successRatio },
    { metric: durationMs, aggregate: 'p(99)', operator: '<', limit: slo.latencyP99Ms },
    { metric: overheadMs, aggregate: 'p(99)', operator: '<', limit: slo.overheadP99Ms },
    { metric: overheadTold, aggregate: 'rate', operator: '==', limit: 1 },
    { metric: correlated, aggregate: 'rate', operator: '==', limit: 1 },
    ...CALL_TYPES.map((type) => enoughCalls(type, callsPerType)),
    { metric: 'dropped_iterations', aggregate: 'count', operator: '==', limit: 0, k6Only: true },
  ];
}

/** A counter's part by call type, in k6's notation. */
export function callsOf(type: CallType): string {
  return `${METRIC.calls}{call_type:${type}}`;
}

function enoughCalls(type: CallType, limit: number): Threshold {
  return { metric: callsOf(type), aggregate: 'count', operator: '>=', limit };
}

/** @returns k6's notation, such as `p(99)<500` */
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

/** Whether a value keeps a threshold. Nothing measured never does, where k6 takes an empty trend as 0. */
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

/** The objectives: every threshold of rules, dashboards and load tests comes from here. */
import { outcomesWhere } from '../app/outcome.ts';

/**
 * The article's two targets ("documented"). Latency is the whole call, measured against the
 * simulator; no live model answers every request in 500 ms (docs/semantics.md).
 */
export const slo = {
  /** The share of good calls in those that count (outcomes of docs/semantics.md). */
  successRatio: 0.995,
  /** 99 of 100 successful calls end within this time, milliseconds. */
  latencyP99Ms: 500,
  /** The service itself adds no more than this to 99 of 100 calls, milliseconds. */
  overheadP99Ms: 100,
} as const;

/**
 * Which calls the objectives count. Availability: good is good, excluded is neither, all others are bad.
 * Latency: good calls, and those of `lateIsSlow` that lasted longer than the limit.
 */
export const counted = {
  good: outcomesWhere(({ objective }) => objective === 'good'),
  excluded: outcomesWhere(({ objective }) => objective === 'excluded'),
  lateIsSlow: outcomesWhere(({ lateIsSlow }) => lateIsSlow === true),
} as const;

/**
 * The article's alert, word for word. Its unit is errors per second and series, not a share: at 1,000
 * req/s it fires at 0.005 % errors, at 1 req/min never.
 */
export const documentedRule = {
  alert: 'HighClaudeErrorRate',
  expr: 'rate(claude_api_errors_total[5m]) > 0.05',
  for: '10m',
  labels: { severity: 'critical' },
  annotations: { summary: 'High error rate on Claude API' },
} as const;

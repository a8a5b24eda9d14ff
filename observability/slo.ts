/** The objectives: the one source of every threshold that rules, dashboards and load tests use. */
import { outcomesWhere } from '../app/outcome.ts';

/**
 * The article's two targets ("documented"). Latency is the whole call, measured against the
 * simulator; no live model answers every request in 500 ms (docs/semantics.md).
 */
export const slo = {
  /** Share of calls that must be good, of those that count (outcomes of docs/semantics.md). */
  successRatio: 0.995,
  /** 99 of 100 successful calls end within this many milliseconds. */
  latencyP99Ms: 500,
  /** 99 of 100 calls cost no more of our own time than this, milliseconds. */
  overheadP99Ms: 100,
} as const;

/** Which calls the availability objective counts: good is good, excluded is neither, all others are bad. */
export const counted = {
  good: outcomesWhere(({ objective }) => objective === 'good'),
  excluded: outcomesWhere(({ objective }) => objective === 'excluded'),
} as const;

/**
 * The article's alert, word for word. Its unit is errors per second and series, not a share:
 * at 1,000 req/s it fires at 0.005 % errors, at 1 req/min never.
 */
export const documentedRule = {
  alert: 'HighClaudeErrorRate',
  expr: 'rate(claude_api_errors_total[5m]) > 0.05',
  for: '10m',
  labels: { severity: 'critical' },
  annotations: { summary: 'High error rate on Claude API' },
} as const;

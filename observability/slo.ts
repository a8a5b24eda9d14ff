/**
 * The objectives: every threshold of rules, dashboards, runbooks and load tests comes from here. k6 reads this
 * file too, so it imports nothing. `make generate` checks it and says which line is wrong.
 */

export const OBJECTIVE_NAMES = ['availability', 'latency', 'first_token', 'overhead'] as const;
export type ObjectiveName = (typeof OBJECTIVE_NAMES)[number];

/** What is promised of the events that count; docs/semantics.md says which do. */
export interface Objective {
  /** The share of them that has to be good, below 1. The rest is the error budget. */
  readonly goodRatio: number;
  /** How long a good one takes at most, milliseconds; a bucket edge of its histogram. */
  readonly limitMs?: number;
}

/** A set of objectives for one kind of traffic. */
export interface Profile {
  readonly objectives: Readonly<
    { availability: Objective } & Partial<Record<ObjectiveName, Objective>>
  >;
  /** Where the links of alerts lead: `<runbooks>/<alert>.md` and `<dashboards>/d/<uid>`. */
  readonly urls: { readonly runbooks: string; readonly dashboards: string };
}

/** An alert on the speed at which the budget burns; at 1 it lasts exactly as long as the budget's window. */
export interface BurnRate {
  readonly speed: 'fast' | 'medium' | 'slow' | 'trickle';
  readonly factor: number;
  /** The window that has to burn so fast on average, as Prometheus writes durations. */
  readonly long: string;
  /** The window that has to burn so fast still, so that the alert ends soon after its cause. */
  readonly short: string;
  readonly for: string;
  readonly severity: 'page' | 'ticket';
}

/**
 * `documented`: the article's two targets and ours, met against the simulator and loaded by the local stack.
 * No live model answers every request in 500 ms, so `production` has no objective for the whole call: set
 * its values to what your users need and your model does. `make export` takes it unless told otherwise.
 */
const profiles = {
  documented: {
    objectives: {
      availability: { goodRatio: 0.995 },
      latency: { goodRatio: 0.99, limitMs: 500 },
      first_token: { goodRatio: 0.99, limitMs: 500 },
      overhead: { goodRatio: 0.99, limitMs: 100 },
    },
    urls: {
      runbooks: 'http://127.0.0.1:9095/runbooks',
      dashboards: 'http://127.0.0.1:3000',
    },
  },
  production: {
    objectives: {
      availability: { goodRatio: 0.995 },
      first_token: { goodRatio: 0.99, limitMs: 5000 },
      overhead: { goodRatio: 0.99, limitMs: 100 },
    },
    urls: {
      runbooks: 'https://runbooks.example.com/claude',
      dashboards: 'https://grafana.example.com',
    },
  },
} as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof profiles;

/**
 * The Google SRE workbook's pairs: the first three use up 2, 5 and 10 % of the budget of 30 days within their
 * long window, the last burns it as fast as it grows.
 */
const burnRates: readonly BurnRate[] = [
  { speed: 'fast', factor: 14.4, long: '1h', short: '5m', for: '2m', severity: 'page' },
  { speed: 'medium', factor: 6, long: '6h', short: '30m', for: '5m', severity: 'page' },
  { speed: 'slow', factor: 3, long: '1d', short: '2h', for: '15m', severity: 'ticket' },
  { speed: 'trickle', factor: 1, long: '3d', short: '6h', for: '1h', severity: 'ticket' },
];

export const slo = {
  profiles,
  /** The window of the budget. */
  budgetWindow: '30d',
  burnRates,
  /**
   * What recordings and alerts of the objectives are summed by, and the first part of the recordings' names.
   * A `job` must not have the same name in two namespaces; PodMonitors name it `<namespace>/<name>`.
   */
  level: ['job'],
  /**
   * The values of `job` for the service, and for Prometheus, Alertmanager and the collector around it, as the scrape
   * configuration has them. Only alerts on metrics that any program may have match on them. `stack` is a pattern, so
   * that several jobs can be named: `prometheus|alertmanager|collector`.
   */
  jobs: { service: 'claude-observatory', stack: 'stack' },
  /**
   * The label `pack` of every alert but the documented one. Routes and inhibitions go by it, so that they leave the
   * other alerts of an Alertmanager alone.
   */
  pack: 'claude-observatory',
} as const;

/** The numbers of all other alerts. Each unit stands in its name; `Ratio` is a share from 0 to 1. */
export const thresholds = {
  // The guards of burn rates hide outages at low traffic; these find them.
  allCallsFailingCalls: 3,
  lowTrafficFailures: 3,
  lowTrafficBudgets: 2,
  probeFailures: 3,
  budgetRunsOutDays: 3,
  // A share of fewer calls, or of fewer failures among them, says nothing.
  minimumCalls: 50,
  minimumFailures: 5,
  // The upstream, its limits and keys.
  rateLimitRemainingRatio: 0.1,
  attemptsPerCall: 1.2,
  failoverRatio: 0.05,
  circuitClosedRatio: 0.5,
  keyRejectedRatio: 0.5,
  keyAgeDays: 90,
  modelRetirementDays: 30,
  modelRetirementSoonDays: 7,
  // The service's own capacity.
  poolUsedRatio: 0.9,
  queueUsedRatio: 0.8,
  shedRatio: 0.01,
  eventLoopDelaySeconds: 0.1,
  memoryUsedRatio: 0.9,
  collectorQueueUsedRatio: 0.8,
  restartsPerHour: 3,
  seriesPerInstance: 3000,
  // What users feel of answers.
  firstTokenP95Seconds: 10,
  truncatedRatio: 0.01,
  refusalsGrowth: 2,
  refusalsPerHour: 20,
  maxTokensRatio: 0.2,
  // Money.
  priceTableAgeDays: 90,
  /** At 0 there is no budget, and neither alerts nor panels speak of one. */
  spendDollarsPerMonth: 1000 as number,
  spendRateBudgets: 2,
  cacheHitsRemainingRatio: 0.5,
  cacheHitRatio: 0.2,
  cacheTokensPerHour: 100_000,
  // Callers' mistakes.
  invalidRequestsRatio: 0.2,
  invalidRequestsGrowth: 5,
  // One caller's mistake is theirs: it takes two, and where more have called today, three.
  invalidRequestsCallers: 3,
  invalidRequestsCallersAtLeast: 2,
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

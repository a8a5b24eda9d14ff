/** The summary of a run, which is the same for both drivers. */
import type { CallKind } from '../calls/kinds.ts';
import { METRIC, type MetricName, type Metrics, type SeriesTags, seriesKey } from './metrics.ts';
import { type Breakpoint, type DriverName, judgeRun, type RunVerdict } from './run-verdict.ts';
import { countedPhases, type LoadScenario, type Phase, secondsOf } from './scenario.ts';
import { expression, plannedByKind } from './thresholds.ts';

/** A call that stands out: one of the slowest, or one that failed. */
export interface NotableCall {
  /** Its correlation ID, which is the ID of its trace without the dashes. */
  readonly id: string;
  readonly kind: CallKind;
  readonly phase: string;
  readonly durationMs: number;
  /** Why it failed. */
  readonly reason?: string;
  /** Where its trace is: a URL, or the command that finds it. */
  readonly trace?: string;
}

/** The figures of one phase, or of one kind of call. A value that was not measured is null. */
export interface Row {
  readonly name: string;
  readonly calls: number;
  readonly perSecond: number;
  /** Share of good calls, 0 to 1. */
  readonly success: number | null;
  /** Share of calls that were answered well or told to come back, 0 to 1. */
  readonly answered: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly firstTextP99Ms: number | null;
  readonly longestGapP99Ms: number | null;
  /** Calls that were due but not begun; null for kinds, as a call that is dropped has none. */
  readonly dropped: number | null;
}

export interface JudgedThreshold {
  readonly metric: string;
  /** In k6's notation, `p(99)<500`. */
  readonly condition: string;
  /** Null where nothing was measured. */
  readonly value: number | null;
  /** Null where this driver cannot measure it, or the run was ended before it could be met. */
  readonly ok: boolean | null;
  readonly notReached?: true;
}

/** The event loop of the driver in Node. */
export interface DriverLoop {
  /** The share of the time in which it had work, 0 to 1. */
  readonly busy: number;
  /** The P99 of how late its timers fired, milliseconds. */
  readonly lateP99Ms: number;
}

/** The JSON of a run. */
export interface Summary {
  readonly driver: DriverName;
  readonly scenario: string;
  readonly question: string;
  readonly target: string;
  /** ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  readonly verdict: RunVerdict;
  readonly thresholds: readonly JudgedThreshold[];
  /** Why the run is inconclusive. */
  readonly bottlenecks: readonly string[];
  readonly breakpoint: Breakpoint | null;
  readonly phases: readonly Row[];
  readonly kinds: readonly Row[];
  readonly driverLag: { readonly p50Ms: number | null; readonly p99Ms: number | null };
  /** How busy the driver's process was; k6 does not tell. */
  readonly driverLoop?: DriverLoop;
  /** The ten slowest of the good calls, the slowest first. */
  readonly slowest: readonly NotableCall[];
  /** The first twenty that failed. */
  readonly failed: readonly NotableCall[];
}

export interface Run {
  readonly driver: DriverName;
  readonly scenario: LoadScenario;
  readonly target: string;
  readonly startedMs: number;
  readonly seconds: number;
  readonly metrics: Metrics;
}

/** @param run what was done and measured @returns the summary, without calls that stand out */
export function summarize({ driver, scenario, target, startedMs, seconds, metrics }: Run): Summary {
  const { verdict, judged, bottlenecks, breakpoint } = judgeRun(scenario, metrics, driver);
  const counted = countedPhases(scenario);
  // A run that was ended early has not made calls for all of the time that was planned.
  const madeS = (phase: Phase) => Math.max(0, Math.min(secondsOf(phase), seconds - phase.startS));
  const measuredS = counted.reduce((sum, phase) => sum + madeS(phase), 0);
  return {
    driver,
    scenario: scenario.name,
    question: scenario.question,
    target,
    started: new Date(startedMs).toISOString(),
    seconds: round(seconds) ?? 0,
    verdict,
    thresholds: judged.map(({ threshold, value, ok }) => ({
      metric: threshold.metric,
      condition: expression(threshold),
      value: round(value),
      ok: ok ?? null,
    })),
    bottlenecks,
    breakpoint: breakpoint ?? null,
    phases: counted.map((phase) => rowOf(metrics, { phase: phase.name }, madeS(phase))),
    kinds: plannedByKind(counted).map(([kind]) => rowOf(metrics, { kind }, measuredS)),
    driverLag: {
      p50Ms: aggregate(metrics, METRIC.driverLagMs, 'med'),
      p99Ms: aggregate(metrics, METRIC.driverLagMs, 'p(99)'),
    },
    slowest: [],
    failed: [],
  };
}

function rowOf(metrics: Metrics, tags: SeriesTags, seconds: number): Row {
  const of = (metric: MetricName, name: string) => aggregate(metrics, metric, name, tags);
  const calls = of(METRIC.calls, 'count') ?? 0;
  return {
    name: tags.phase ?? tags.kind ?? '',
    calls,
    perSecond: seconds > 0 ? (round(calls / seconds) ?? 0) : 0,
    success: of(METRIC.success, 'rate'),
    answered: of(METRIC.answered, 'rate'),
    p50Ms: of(METRIC.durationMs, 'med'),
    p90Ms: of(METRIC.durationMs, 'p(90)'),
    p99Ms: of(METRIC.durationMs, 'p(99)'),
    firstTextP99Ms: of(METRIC.firstTextMs, 'p(99)'),
    longestGapP99Ms: of(METRIC.longestGapMs, 'p(99)'),
    dropped: tags.phase === undefined ? null : (of(METRIC.dropped, 'count') ?? 0),
  };
}

/** k6 has zeros in a series without samples, and says so in its `count`, or in `passes` and `fails`. */
function aggregate(
  metrics: Metrics,
  metric: MetricName,
  name: string,
  tags: SeriesTags = {},
): number | null {
  const values = metrics[seriesKey(metric, tags)];
  if (values === undefined) return null;
  const { count, passes, fails } = values;
  const isEmpty = name === 'rate' ? passes === 0 && fails === 0 : name !== 'count' && count === 0;
  return isEmpty ? null : round(values[name]);
}

function round(value: number | undefined): number | null {
  if (value === undefined || Number.isNaN(value)) return null;
  return Math.round(value * 10_000) / 10_000;
}

/**
 * The series that a summary shows. k6 keeps those with tags only where a threshold names them.
 */
export function seriesOf(scenario: LoadScenario): readonly [MetricName, SeriesTags][] {
  const counted = countedPhases(scenario);
  const shown = [METRIC.calls, METRIC.success, METRIC.answered, METRIC.durationMs];
  const phases = counted.map(({ name }) => ({ phase: name }));
  const kinds = plannedByKind(counted).map(([kind]) => ({ kind }));
  return [
    ...[{}, ...phases, ...kinds].flatMap((tags) => {
      return shown.map((metric): [MetricName, SeriesTags] => [metric, tags]);
    }),
    ...[{}, ...phases].map((tags): [MetricName, SeriesTags] => [METRIC.dropped, tags]),
    [METRIC.driverLagMs, {}],
  ];
}

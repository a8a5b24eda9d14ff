/** What a run proves: which thresholds it met, whether its driver kept up, and the exit code that says so. */
import { slo } from '../../observability/slo.ts';
import { METRIC, type Metrics, seriesKey } from './metrics.ts';
import {
  callsIn,
  countedPhases,
  dueS,
  type LoadScenario,
  type Phase,
  type Threshold,
} from './scenario.ts';
import { holds, measured } from './thresholds.ts';

export type DriverName = 'k6' | 'node';

/** `inconclusive`: the driver was the bottleneck, so nothing is said about the service. */
export type RunVerdict = 'passed' | 'missed' | 'inconclusive';

/** The exit codes of a load test; 99 is k6's own for missed thresholds, 75 and 78 are those of sysexits.h. */
export const EXIT = {
  passed: 0,
  refused: 3,
  inconclusive: 75,
  badOptions: 78,
  missed: 99,
} as const satisfies Record<RunVerdict | 'refused' | 'badOptions', number>;

/** A threshold with its measured value. */
export interface Judged {
  readonly threshold: Threshold;
  /** Undefined without samples. */
  readonly value: number | undefined;
  /** Undefined where this driver cannot measure it. */
  readonly ok: boolean | undefined;
}

/** The rate that a breakpoint run has found. */
export interface Breakpoint {
  /** Calls a second in the last step that met everything. */
  readonly perSecond: number;
  /** No higher step was missed by the service, so that it may bear more. */
  readonly isLowerBound: boolean;
}

export interface RunResult {
  readonly verdict: RunVerdict;
  readonly judged: readonly Judged[];
  /** One sentence for each phase in which the driver was the bottleneck. */
  readonly bottlenecks: readonly string[];
  readonly breakpoint?: Breakpoint;
}

export function judgeRun(scenario: LoadScenario, metrics: Metrics, driver: DriverName): RunResult {
  const judged = scenario.thresholds.map((threshold) => {
    const value = measured(metrics, threshold);
    const skipped =
      (threshold.nodeOnly && driver === 'k6') || (threshold.ofDriver && value === undefined);
    return { threshold, value, ok: skipped ? undefined : holds(threshold, value) };
  });
  const phases = countedPhases(scenario);
  const found = phases.map((phase) => {
    const dropped = droppedIn(phase, metrics);
    // k6 counts on with what it has begun, so that all calls after one that it dropped seem to be late.
    const seemingMs =
      driver === 'k6' ? seemingLagMs(phase, dropped * (scenario.instances ?? 1)) : 0;
    return bottleneckIn(phase, metrics, judged, seemingMs);
  });
  if (scenario.verdict === 'breakpoint') return judgeSteps(phases, judged, found);
  const bottlenecks = found.filter((text) => text !== undefined);
  const missed = judged.some(({ ok, threshold }) => ok === false && !threshold.ofDriver);
  const verdict = bottlenecks.length > 0 ? 'inconclusive' : missed ? 'missed' : 'passed';
  return { verdict, judged, bottlenecks };
}

/**
 * The first step that the service missed ends the search: those after it were made past the breakpoint. A step in which
 * the driver lagged says nothing, which does not matter if a higher one was good.
 */
function judgeSteps(
  phases: readonly Phase[],
  judged: readonly Judged[],
  bottlenecks: readonly (string | undefined)[],
): RunResult {
  let last: Phase | undefined;
  let doubt: string | undefined;
  let isFound = false;
  for (const [i, phase] of phases.entries()) {
    if (bottlenecks[i] !== undefined) {
      doubt ??= bottlenecks[i];
      continue;
    }
    isFound = judged.some(({ threshold, ok }) => threshold.phase === phase.name && ok === false);
    if (isFound) break;
    last = phase;
    doubt = undefined;
  }
  const isLowerBound = !isFound || doubt !== undefined;
  return {
    verdict: doubt !== undefined ? 'inconclusive' : last ? 'passed' : 'missed',
    judged,
    bottlenecks: doubt === undefined ? [] : [doubt],
    ...(last && { breakpoint: { perSecond: last.fromPerSecond, isLowerBound } }),
  };
}

/** Durations are those of good calls, so they speak for a phase only where nearly all calls were good. */
function wasFast(phase: string, metrics: Metrics): boolean {
  const { availability, latency } = slo.profiles.documented.objectives;
  const { rate = 0 } = metrics[seriesKey(METRIC.success, { phase })] ?? {};
  const { 'p(99)': p99Ms = 0 } = metrics[seriesKey(METRIC.durationMs, { phase })] ?? {};
  return rate > availability.goodRatio && p99Ms < latency.limitMs;
}

function droppedIn({ name }: Phase, metrics: Metrics): number {
  return metrics[seriesKey(METRIC.dropped, { phase: name })]?.['count'] ?? 0;
}

/**
 * @returns how late a call may seem to be when so many before it were not begun and not counted either: the time in
 *   which as many are due, at the beginning or at the end of the phase, whichever is slower
 */
function seemingLagMs(phase: Phase, dropped: number): number {
  const last = callsIn(phase) - 1;
  const many = Math.min(dropped, last);
  return 1000 * Math.max(dueS(phase, many), dueS(phase, last) - dueS(phase, last - many));
}

/**
 * @param seemingMs how much of the driver's lag may be none
 * @returns why the driver was the bottleneck of a phase; undefined if it was not
 */
function bottleneckIn(
  phase: Phase,
  metrics: Metrics,
  judged: readonly Judged[],
  seemingMs: number,
): string | undefined {
  const { name } = phase;
  const dropped = droppedIn(phase, metrics);
  if (dropped > 0 && wasFast(name, metrics)) {
    return `${name}: ${dropped} calls were dropped although answers were fast`;
  }
  const lag = judged.find(({ threshold }) => threshold.ofDriver && threshold.phase === name);
  if (lag?.ok !== false) return undefined;
  const { value = 0, threshold } = lag;
  const lagMs = value - seemingMs;
  if (lagMs < threshold.limit) return undefined;
  return `${name}: calls began up to ${Math.round(lagMs)} ms late (P99); ${threshold.limit} ms are allowed`;
}

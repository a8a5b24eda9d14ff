/** A scenario's data as k6's options. */
import type { Options, Scenario } from 'k6/options';
import { REQUEST_TIMEOUT_MS } from '../calls/kinds.ts';
import { METRIC_TYPE, seriesKey, TREND_STATS } from '../scenarios/metrics.ts';
import {
  dueS,
  type LoadScenario,
  type Phase,
  secondsOf,
  type Threshold,
} from '../scenarios/scenario.ts';
import { seriesOf } from '../scenarios/summary.ts';
import { expression } from '../scenarios/thresholds.ts';

/** What the script exports for k6 to call: a phase's calls, and what switches faults. */
export const EXEC = { calls: 'makeCall', faults: 'switchFaults' } as const;

/** How long k6 waits for the calls of a phase that are in flight at its end: as long as one may take. */
const STOP_S = REQUEST_TIMEOUT_MS / 1000;

/** How long it may take to switch faults. */
const SWITCH_S = 10;

export function k6Options(scenario: LoadScenario): Options {
  const faults = scenario.faults.flatMap(({ fromS, untilS }, i) => [
    [faultPhase(i, 'on'), switchAt(fromS)],
    [faultPhase(i, 'off'), switchAt(untilS)],
  ]);
  return {
    userAgent: `claude-observatory-${scenario.name}`,
    scenarios: Object.fromEntries([
      ...scenario.phases.map((phase) => [phase.name, executorOf(phase)]),
      ...faults,
    ]),
    thresholds: thresholdsOf(scenario),
    summaryTrendStats: [...TREND_STATS],
    // Without `url`: each batch has an address of its own, and so would each have series of its own.
    systemTags: ['scenario', 'method', 'name', 'status', 'error_code', 'expected_response'],
  };
}

/** @returns the name of k6's scenario that switches the faults of this number on or off */
export function faultPhase(n: number, state: 'on' | 'off'): string {
  return `faults_${n}_${state}`;
}

/** @returns whether a phase is k6's constant arrival rate */
function isConstant({ fromPerSecond, stages }: Phase): boolean {
  return stages.length === 1 && stages[0]?.perSecond === fromPerSecond;
}

/**
 * When k6 begins a call, in seconds after its scenario started: at a constant rate the first at once, and while the
 * rate changes when it has added up to one call.
 * @param n the number of the call, from 0
 */
export function dueInK6S(phase: Phase, n: number): number {
  return dueS(phase, isConstant(phase) ? n : n + 1);
}

/** Arrival rates, because only an open loop shows a slow service as calls that it could not take. */
function executorOf(phase: Phase): Scenario {
  const { startS, fromPerSecond, stages, maxInFlight } = phase;
  const common = {
    exec: EXEC.calls,
    startTime: `${startS}s`,
    timeUnit: '1s',
    preAllocatedVUs: maxInFlight,
    // A call that is cut here would be missing in the figures, and it would be one of the slowest.
    gracefulStop: `${STOP_S}s`,
  };
  if (isConstant(phase)) {
    const duration = `${secondsOf(phase)}s`;
    return { ...common, executor: 'constant-arrival-rate', rate: fromPerSecond, duration };
  }
  return {
    ...common,
    executor: 'ramping-arrival-rate',
    startRate: fromPerSecond,
    stages: stages.map(({ seconds, perSecond }) => ({
      duration: `${seconds}s`,
      target: perSecond,
    })),
  };
}

function switchAt(startS: number): Scenario {
  return {
    executor: 'per-vu-iterations',
    exec: EXEC.faults,
    startTime: `${startS}s`,
    vus: 1,
    iterations: 1,
    maxDuration: `${SWITCH_S}s`,
    gracefulStop: `${STOP_S}s`,
  };
}

/**
 * @returns how many virtual users k6 has ready at most: those of a phase stay until its last calls may have ended, while
 *   the phases that follow have theirs already
 */
export function mostUsers({ phases, faults }: LoadScenario): number {
  const switches = faults.flatMap(({ fromS, untilS }) => [fromS, untilS]);
  const needs = [
    ...phases.map((phase) => {
      const { startS, maxInFlight } = phase;
      return { startS, endS: startS + secondsOf(phase) + STOP_S, users: maxInFlight };
    }),
    ...switches.map((startS) => ({ startS, endS: startS + SWITCH_S + STOP_S, users: 1 })),
  ];
  const usersAt = (atS: number) =>
    needs.reduce((sum, { startS, endS, users }) => {
      return startS <= atS && atS < endS ? sum + users : sum;
    }, 0);
  return Math.max(...needs.map(({ startS }) => usersAt(startS)));
}

/** Holds always. k6 keeps a series with tags only where a threshold names it. */
const SHOWN = { counter: 'count>=0', rate: 'rate>=0', trend: 'p(99)>=0' } as const;

/**
 * The steps past a breakpoint miss their thresholds, which is what it is for; only its first step is a gate. The
 * summary has the verdict.
 */
function isGate({ verdict, phases }: LoadScenario, { phase }: Threshold): boolean {
  return verdict === 'thresholds' || phase === phases.find(({ counted }) => counted)?.name;
}

function thresholdsOf(scenario: LoadScenario): Record<string, string[]> {
  const byMetric: Record<string, string[]> = {};
  for (const threshold of scenario.thresholds) {
    const { metric, aggregate, nodeOnly, since } = threshold;
    // The summary judges growth; k6 has no threshold of two series.
    if (nodeOnly || since !== undefined) continue;
    const condition = isGate(scenario, threshold) ? expression(threshold) : `${aggregate}>=0`;
    byMetric[metric] = [...(byMetric[metric] ?? []), condition];
  }
  for (const [metric, tags] of seriesOf(scenario)) {
    byMetric[seriesKey(metric, tags)] ??= [SHOWN[METRIC_TYPE[metric]]];
  }
  return byMetric;
}

/**
 * What a load scenario is: plain data that k6 and the Node driver both run, so that both make the same calls at the
 * same times and judge them alike. It imports nothing that k6 lacks.
 */
import type { CallKind } from '../calls/kinds.ts';
import type { Fault } from '../simulator/faults.ts';

/** The rate goes in a straight line from what it was to `perSecond`, within `seconds`. */
export interface Stage {
  readonly seconds: number;
  readonly perSecond: number;
}

/** A share of a phase's calls: its weight among the sum of all weights, which are whole numbers. */
export interface CallShare {
  readonly kind: CallKind;
  readonly weight: number;
}

/**
 * A stretch of the run that has figures of its own. Its calls begin when they are due, whether or not earlier ones
 * have ended (an open loop), so that a slow service gets no relief.
 */
export interface Phase {
  /** Its name in the results, `[a-z][a-z0-9_]*`: the name of k6's scenario, and its tag `scenario`. */
  readonly name: string;
  /** Seconds after the start of the run. */
  readonly startS: number;
  /** Calls a second when it starts; the rate is constant where the only stage has the same. */
  readonly fromPerSecond: number;
  readonly stages: readonly Stage[];
  readonly calls: readonly CallShare[];
  /** The models that take turns, round by round of the kinds. */
  readonly models: readonly string[];
  /** Calls in flight at most, k6's virtual users: one that is due beyond them is dropped, and counted. */
  readonly maxInFlight: number;
  /** Whether its calls are in the figures; those of a warm-up are not. */
  readonly counted: boolean;
}

/** Faults that the simulator injects from `fromS` until `untilS`, in seconds after the start of the run. */
export interface TimedFaults {
  readonly fromS: number;
  readonly untilS: number;
  readonly faults: readonly Fault[];
}

/** One condition on an aggregate of a series. */
export interface Threshold {
  /** The key of the series, in k6's notation. */
  readonly metric: string;
  readonly aggregate: 'rate' | 'count' | 'p(99)';
  readonly operator: '>' | '<' | '>=' | '<=' | '==';
  readonly limit: number;
  /** The phase that it judges. */
  readonly phase?: string;
  /** The limit of the driver's own lag: beyond it the run says nothing about the service. */
  readonly ofDriver?: true;
  /** Only the Node driver can measure it: k6 reads answers whole. */
  readonly nodeOnly?: true;
  /** The limit is one of growth: how much more the aggregate is than that of this series. k6 has no such threshold. */
  readonly since?: string;
}

export interface LoadScenario {
  readonly name: string;
  /** What the run answers, as a question. */
  readonly question: string;
  readonly phases: readonly Phase[];
  /** What the run has to meet; for a breakpoint, what each phase has to. */
  readonly thresholds: readonly Threshold[];
  readonly faults: readonly TimedFaults[];
  /** `breakpoint`: the run passes when it finds the last phase that meets the thresholds, and prints its rate. */
  readonly verdict: 'thresholds' | 'breakpoint';
  /** Among so many drivers the load is divided, each of which judges its own part; absent means one. */
  readonly instances?: number;
}

/** What the person who starts the run chooses; each scenario has its own defaults. */
export interface LoadOptions {
  /** Calls a second while the rate is steady; a whole number. */
  readonly perSecond?: number | undefined;
  /** Seconds that are in the figures, all phases together. */
  readonly seconds?: number | undefined;
}

export type ScenarioOf = (options: LoadOptions) => LoadScenario;

/** @returns how many seconds a phase lasts */
export function secondsOf({ stages }: Phase): number {
  return stages.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** @returns how many calls a phase makes: the area under its rate, rounded down */
export function callsIn({ fromPerSecond, stages }: Phase): number {
  let from = fromPerSecond;
  let calls = 0;
  for (const { seconds, perSecond } of stages) {
    calls += ((from + perSecond) / 2) * seconds;
    from = perSecond;
  }
  // A sum of fractions such as 0.1 may end just below the whole number that it means.
  return Math.floor(calls + 1e-6);
}

/**
 * @param n the number of the call, from 0
 * @returns when it is due, in seconds after the phase started; Infinity beyond its last call
 */
export function dueS({ fromPerSecond, stages }: Phase, n: number): number {
  let from = fromPerSecond;
  let left = n;
  let passedS = 0;
  for (const { seconds, perSecond } of stages) {
    const calls = ((from + perSecond) / 2) * seconds;
    if (left < calls) return passedS + timeFor(left, from, (perSecond - from) / seconds);
    left -= calls;
    passedS += seconds;
    from = perSecond;
  }
  return Number.POSITIVE_INFINITY;
}

/** Solves `calls = from·t + slope·t²/2` for t, in the form that needs no division by the slope. */
function timeFor(calls: number, from: number, slope: number): number {
  if (calls === 0) return 0;
  return (2 * calls) / (from + Math.sqrt(from * from + 2 * slope * calls));
}

/**
 * The kinds take turns by their weights, so that both drivers make the same calls.
 * @param n the number of the call, from 0
 */
export function kindOf({ calls }: Phase, n: number): CallKind {
  const sum = calls.reduce((total, { weight }) => total + weight, 0);
  let place = n % sum;
  for (const { kind, weight } of calls) {
    if (place < weight) return kind;
    place -= weight;
  }
  throw new RangeError('a phase needs calls with weights of at least 1');
}

/** @returns the kinds of a phase's calls */
export function kindsIn({ calls }: Phase): readonly CallKind[] {
  return calls.map(({ kind }) => kind);
}

/** @returns the phases that are in the figures */
export function countedPhases({ phases }: LoadScenario): readonly Phase[] {
  return phases.filter(({ counted }) => counted);
}

/** @returns how many seconds the calls of a scenario are made for */
export function lengthOf({ phases }: LoadScenario): number {
  return Math.max(...phases.map((phase) => phase.startS + secondsOf(phase)));
}

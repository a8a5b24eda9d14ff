/** The thresholds of scenarios: their numbers are those of the objectives, and each is beside a number of calls. */
import { slo } from '../../observability/slo.ts';
import type { CallKind } from '../calls/kinds.ts';
import { METRIC, type MetricName, type Metrics, reportsOverhead, seriesKey } from './metrics.ts';
import { callsIn, kindsIn, type LoadScenario, type Phase, type Threshold } from './scenario.ts';

const { availability, latency, overhead, first_token } = slo.profiles.documented.objectives;

/** Of fewer calls a single failure would miss the objective: 199 good ones of 200 are 99.5 %, and not more. */
export const MINIMUM_CALLS = Math.floor(1 / (1 - availability.goodRatio) + 1e-6) + 1;

/** A driver that begins calls later than this is the bottleneck itself: a tenth of the latency objective. */
export const MAX_LAG_MS = latency.limitMs / 10;

/** Of fewer calls a P99 differs from run to run by tens of milliseconds, which would seem to be growth. */
export const MINIMUM_TO_COMPARE = 1_500;

/** The P99 may grow by this much during a run, as much as the driver's own lag may add to one of them. */
const MAX_GROWTH_MS = MAX_LAG_MS;

/** A run has to make this share of the calls that are planned: k6 may begin one less than fits into its time. */
const MADE_RATIO = 0.99;

/** A phase past capacity may lose this share of its calls to the limit of calls in flight. */
const DROPPED_RATIO = 0.05;

type Condition = Pick<Threshold, 'aggregate' | 'operator' | 'limit'>;

const p99Below = (limit: number): Condition => ({ aggregate: 'p(99)', operator: '<', limit });
const rateAbove = (limit: number): Condition => ({ aggregate: 'rate', operator: '>', limit });
const ALL: Condition = { aggregate: 'rate', operator: '==', limit: 1 };
const enoughOf = (planned: number): Condition => {
  return { aggregate: 'count', operator: '>=', limit: Math.floor(planned * MADE_RATIO) };
};
const countAtMost = (limit: number): Condition => ({ aggregate: 'count', operator: '<=', limit });

function of({ name }: Phase): (metric: MetricName, condition: Condition) => Threshold {
  return (metric, condition) => {
    return { metric: seriesKey(metric, { phase: name }), ...condition, phase: name };
  };
}

/** The driver has to keep up and every call to be one of ours, whatever else a phase is judged by. */
function soundLoad(phase: Phase): readonly Threshold[] {
  const on = of(phase);
  return [
    { ...on(METRIC.driverLagMs, p99Below(MAX_LAG_MS)), ofDriver: true },
    on(METRIC.correlated, ALL),
  ];
}

/** What a phase within capacity has to meet: both targets, the overhead, and no call lost. */
export function meetsTargets(phase: Phase): readonly Threshold[] {
  const on = of(phase);
  const own = [on(METRIC.overheadMs, p99Below(overhead.limitMs)), on(METRIC.overheadReported, ALL)];
  return [
    on(METRIC.success, rateAbove(availability.goodRatio)),
    ...hangUpsBorne(phase),
    on(METRIC.durationMs, p99Below(latency.limitMs)),
    ...(reportsOverhead(kindsIn(phase)) ? own : []),
    on(METRIC.calls, enoughOf(callsIn(phase))),
    on(METRIC.dropped, countAtMost(0)),
    ...soundLoad(phase),
  ];
}

/** While faults are injected: retries hide what they can from callers, and their back-off takes time. */
export function survivesFaults(phase: Phase): readonly Threshold[] {
  const on = of(phase);
  return [
    on(METRIC.success, rateAbove(availability.goodRatio)),
    ...hangUpsBorne(phase),
    on(METRIC.calls, enoughOf(callsIn(phase))),
    on(METRIC.dropped, countAtMost(0)),
    ...soundLoad(phase),
  ];
}

/** Of the callers who leave early, few enough may be refused or cut off before they do. */
function hangUpsBorne(phase: Phase): readonly Threshold[] {
  const planned = new Map(callsByKind(phase)).get('hang_up') ?? 0;
  if (planned === 0) return [];
  // A share of exactly the objective misses it, as elsewhere.
  const tooMany = Math.ceil(planned * (1 - availability.goodRatio) - 1e-6);
  return [of(phase)(METRIC.hangUpFailed, countAtMost(tooMany - 1))];
}

/** The slowest calls of a phase are about as fast as those of an earlier one. */
export function isAsFastAs(earlier: Phase, phase: Phase): Threshold {
  const since = seriesKey(METRIC.durationMs, { phase: earlier.name });
  return { ...of(phase)(METRIC.durationMs, p99Below(MAX_GROWTH_MS)), since };
}

/**
 * Past capacity no target can hold, but callers are answered, or told to come back. As many calls may be in flight as
 * begin in a second, so few are dropped only where they end within about a second on average.
 */
export function staysUp(phase: Phase): readonly Threshold[] {
  const on = of(phase);
  const planned = callsIn(phase);
  const lost = Math.floor(planned * DROPPED_RATIO);
  return [
    on(METRIC.answered, rateAbove(availability.goodRatio)),
    on(METRIC.calls, enoughOf(planned - lost)),
    on(METRIC.dropped, countAtMost(lost)),
    ...soundLoad(phase),
  ];
}

/** Both targets for each kind of call that is made often enough to be judged, in phases within capacity. */
export function kindsMeetTargets(phases: readonly Phase[]): readonly Threshold[] {
  return plannedByKind(phases).flatMap(([kind, planned]) => {
    const key = (metric: MetricName) => seriesKey(metric, { kind });
    const enough = { metric: key(METRIC.calls), ...enoughOf(planned) };
    // Who hangs up is judged in the phase: they have neither a good answer nor a duration.
    if (planned < MINIMUM_CALLS || kind === 'hang_up') return [enough];
    const success = { metric: key(METRIC.success), ...rateAbove(availability.goodRatio) };
    const duration = { metric: key(METRIC.durationMs), ...p99Below(latency.limitMs) };
    return [enough, success, duration];
  });
}

/** Of streams: the first text comes as soon as promised. */
export function firstTextInTime(phase: Phase): Threshold {
  return { ...of(phase)(METRIC.firstTextMs, p99Below(first_token.limitMs)), nodeOnly: true };
}

/** The faults were switched on, were injected, and were switched off; faults that do nothing prove nothing. */
export function faultsHappened(faults: number): Threshold {
  return { metric: METRIC.faultChanges, aggregate: 'count', operator: '==', limit: 2 * faults };
}

/** @returns the calls of each kind in all phases together, in the order in which they first occur */
export function plannedByKind(phases: readonly Phase[]): [CallKind, number][] {
  const planned = new Map<CallKind, number>();
  for (const phase of phases) {
    for (const [kind, calls] of callsByKind(phase)) {
      planned.set(kind, (planned.get(kind) ?? 0) + calls);
    }
  }
  return [...planned];
}

/** The kinds take turns, so the last round may be a part of one. */
function callsByKind(phase: Phase): [CallKind, number][] {
  const sum = phase.calls.reduce((total, { weight }) => total + weight, 0);
  const rounds = Math.floor(callsIn(phase) / sum);
  let left = callsIn(phase) % sum;
  return phase.calls.map(({ kind, weight }) => {
    const more = Math.min(weight, left);
    left -= more;
    return [kind, rounds * weight + more];
  });
}

/** @returns how many calls each phase of a scenario must have to be judged */
export function callsNeeded({ thresholds }: LoadScenario): number {
  const compares = thresholds.some(({ since }) => since !== undefined);
  return compares ? MINIMUM_TO_COMPARE : MINIMUM_CALLS;
}

/** @returns the condition in k6's notation, such as `p(99)<500`; of growth `p(99)<50 over {scenario:early}` */
export function expression({ aggregate, operator, limit, since }: Threshold): string {
  const condition = `${aggregate}${operator}${limit}`;
  return since === undefined ? condition : `${condition} over ${since.slice(since.indexOf('{'))}`;
}

/**
 * @returns the value that a threshold judges. Undefined without samples: k6 has 0 then, and takes it as measured. A
 *   counter that counted nothing is 0.
 */
export function measured(metrics: Metrics, threshold: Threshold): number | undefined {
  const { metric, aggregate, since } = threshold;
  if (since === undefined) return aggregateOf(metrics, metric, aggregate);
  const [before, now] = [since, metric].map((series) => aggregateOf(metrics, series, aggregate));
  return before === undefined || now === undefined ? undefined : now - before;
}

function aggregateOf(
  metrics: Metrics,
  metric: string,
  aggregate: Threshold['aggregate'],
): number | undefined {
  const values = metrics[metric];
  if (aggregate === 'count') return values?.['count'] ?? 0;
  if (values === undefined) return undefined;
  const { count, passes, fails } = values;
  const isEmpty = aggregate === 'rate' ? passes === 0 && fails === 0 : count === 0;
  return isEmpty ? undefined : values[aggregate];
}

/** Tells whether a value meets a threshold; an absent one never does. */
export function holds({ operator, limit }: Threshold, value: number | undefined): boolean {
  if (value === undefined || Number.isNaN(value)) return false;
  switch (operator) {
    case '>':
      return value > limit;
    case '<':
      return value < limit;
    case '>=':
      return value >= limit;
    case '<=':
      return value <= limit;
    case '==':
      return value === limit;
  }
}

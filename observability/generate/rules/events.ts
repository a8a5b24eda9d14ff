/** The events that each objective counts, as PromQL: how many a second, and how many of them are bad. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { type Objective, type ObjectiveName, slo } from '../../slo.ts';
import { BAD, COUNTED, LATE_IS_SLOW, TIMED } from '../outcome-matchers.ts';
import { prometheusName } from '../prometheus-names.ts';

/** Both give one value for each job, 0 included where its series exist. */
export interface Events {
  /** Events a second that count, over a window. */
  counted(window: string): string;
  /** Those of them that are bad. */
  bad(window: string): string;
}

/** Sums by what the objectives are kept for. */
export function sumBy(expr: string, ...labels: readonly string[]): string {
  return `sum by (${[...slo.level, ...labels].join(', ')}) (${expr})`;
}

/**
 * @param limitMs a bucket's edge
 * @returns the matcher of its bucket: Prometheus 3 writes the edge 5 as 5.0, older ones as the service does
 */
export function bucketOf(limitMs: number): string {
  const edge = String(limitMs / 1_000);
  return edge.includes('.') ? `le="${edge}"` : `le=~"${edge}|${edge}.0"`;
}

const rate = (series: string, matchers: readonly string[], window: string) =>
  sumBy(`rate(${series}${matchers.length > 0 ? `{${matchers.join(',')}}` : ''}[${window}])`);

/** A kind of event that has not happened yet may have no series, which means 0 and not unknown. */
const orZero = (expr: string, all: string) => `(${expr} or 0 * ${all})`;

const requests = prometheusName(METRICS.requests.name);
const availability: Events = {
  counted: (window) => rate(requests, [COUNTED], window),
  bad: (window) => orZero(rate(requests, [BAD], window), rate(requests, [COUNTED], window)),
};

/** Observations of a histogram are bad above the limit. */
function withinLimit(name: string, limitMs: number): Events {
  const series = prometheusName(name);
  const all = (window: string) => rate(`${series}_count`, [], window);
  const inTime = (window: string) => rate(`${series}_bucket`, [bucketOf(limitMs)], window);
  return { counted: all, bad: (window) => `clamp_min(${all(window)} - ${inTime(window)}, 0)` };
}

/**
 * Good calls, and of the calls that their callers cancelled those that had lasted longer than the limit by then:
 * callers who lose patience must not make a slow service look fast.
 */
function latency(limitMs: number): Events {
  const series = prometheusName(METRICS.duration.name);
  const bucket = bucketOf(limitMs);
  const all = (window: string) => rate(`${series}_count`, [TIMED], window);
  const inTime = (window: string) => rate(`${series}_bucket`, [TIMED, bucket], window);
  const leftInTime = (window: string) => rate(`${series}_bucket`, [LATE_IS_SLOW, bucket], window);
  return {
    counted: (window) => `${all(window)} - ${orZero(leftInTime(window), all(window))}`,
    bad: (window) => `clamp_min(${all(window)} - ${inTime(window)}, 0)`,
  };
}

/** The histogram that an objective with a limit reads. */
export const HISTOGRAMS = {
  latency: METRICS.duration,
  first_token: METRICS.timeToFirstToken,
  overhead: METRICS.overhead,
} as const;

/** @returns the events of an objective that passed the checks of `problemsOf` */
export function eventsOf(name: ObjectiveName, { limitMs = Number.NaN }: Objective): Events {
  if (name === 'availability') return availability;
  if (name === 'latency') return latency(limitMs);
  return withinLimit(HISTOGRAMS[name].name, limitMs);
}

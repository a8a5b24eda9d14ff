/** The events that each objective counts, as PromQL: how many a second, and how many of them are bad. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { type Objective, type ObjectiveName, slo } from '../../slo.ts';
import { BAD, COUNTED, LATE_IS_SLOW, TIMED } from '../outcome-matchers.ts';
import { prometheusName } from '../prometheus-names.ts';

/** Both give one value for each job. */
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
  `rate(${series}${matchers.length > 0 ? `{${matchers.join(',')}}` : ''}[${window}])`;

const requests = prometheusName(METRICS.requests.name);
const availability: Events = {
  counted: (window) => sumBy(rate(requests, [COUNTED], window)),
  // A kind of call that has not happened yet may have no series, which means 0 and not unknown.
  bad: (window) => `${sumBy(rate(requests, [BAD], window))} or 0 * ${sumBy(requests)}`,
};

/** The observations of a histogram that are not in the bucket of the limit. */
function beyond(series: string, matchers: readonly string[], limitMs: number, window: string) {
  const all = sumBy(rate(`${series}_count`, matchers, window));
  const inTime = sumBy(rate(`${series}_bucket`, [...matchers, bucketOf(limitMs)], window));
  return `clamp_min(${all} - ${inTime}, 0)`;
}

function withinLimit(name: string, limitMs: number): Events {
  const series = prometheusName(name);
  return {
    counted: (window) => sumBy(rate(`${series}_count`, [], window)),
    bad: (window) => beyond(series, [], limitMs, window),
  };
}

/**
 * Good calls, and of the calls that their callers cancelled those that had lasted longer than the limit by then:
 * callers who lose patience must not make a slow service look fast.
 */
function latency(limitMs: number): Events {
  const series = prometheusName(METRICS.duration.name);
  const leftInTime = [LATE_IS_SLOW, bucketOf(limitMs)];
  return {
    // The label `le` keeps the two sides of `or` apart, so this adds and subtracts what there is of each.
    counted: (window) =>
      sumBy(
        `${rate(`${series}_count`, [TIMED], window)} or -${rate(`${series}_bucket`, leftInTime, window)}`,
      ),
    bad: (window) => beyond(series, [TIMED], limitMs, window),
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

/** The expressions that dashboards show; a window is `5m`, or Grafana's `$__rate_interval`. */
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import { slo } from '../slo.ts';
import { COUNTED, GOOD, LATE_IS_SLOW } from './outcome-matchers.ts';
import { prometheusName } from './prometheus-names.ts';

/** The collector derives it from the spans that it keeps: it carries exemplars, and its rates mean nothing. */
export const EXEMPLAR_METRIC = 'traces_span_metrics_duration_seconds';

const DURATION = prometheusName(METRICS.duration.name);
const REQUESTS = prometheusName(METRICS.requests.name);

/** The share of good calls in those that count; no value where there were none. */
export function successRatio(window: string): string {
  const good = `sum(increase(${REQUESTS}{${GOOD}}[${window}]))`;
  return `${good} / (sum(increase(${REQUESTS}{${COUNTED}}[${window}])) > 0)`;
}

/** The share of the error budget that is left: 1 is all of it, below 0 it is overspent. */
export function budgetLeft(objective: number, window: string): string {
  return `1 - (1 - ${successRatio(window)}) / (1 - ${objective})`;
}

/** A quantile of the histogram's series that match, in the unit of the histogram. */
export function quantile(q: number, name: string, window: string, matchers = ''): string {
  const series = `${prometheusName(name)}_bucket${matchers && `{${matchers}}`}`;
  return `histogram_quantile(${q}, sum by (le) (rate(${series}[${window}])))`;
}

/**
 * The P99 latency in seconds of good calls, and of the calls that their callers cancelled after the limit of
 * the objective: callers who lose patience must not make a slow service look fast.
 */
export function latencyP99(window: string): string {
  const buckets = (matchers: string) => `rate(${DURATION}_bucket{${matchers}}[${window}])`;
  const good = `sum by (le) (${buckets(GOOD)})`;
  const left = `sum by (le) (${buckets(LATE_IS_SLOW)})`;
  const inTime = `scalar(sum(${buckets(`${LATE_IS_SLOW},le="${slo.profiles.documented.objectives.latency.limitMs / 1000}"`)}))`;
  const late = `clamp_min(${left} - ${inTime}, 0)`;
  // Either kind of call may not have happened yet, and then it has no series.
  return `histogram_quantile(0.99, (${good} or 0 * ${left}) + (${late} or 0 * ${good}))`;
}

/** The events per second, by a label. */
export function rateBy(name: string, label: string, window: string): string {
  return `sum by (${label}) (rate(${prometheusName(name)}[${window}]))`;
}

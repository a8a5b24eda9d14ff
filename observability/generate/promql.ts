/** The expressions that dashboards show; a window is `5m`, or Grafana's `$__rate_interval`. */
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import { slo } from '../slo.ts';
import { COUNTED, GOOD, LATE_IS_SLOW } from './outcome-matchers.ts';
import { prometheusName } from './prometheus-names.ts';

/** The collector derives it from the spans that it keeps: it carries exemplars, and its rates mean nothing. */
export const EXEMPLAR_METRIC = 'traces_span_metrics_duration_seconds';

const DURATION = prometheusName(METRICS.duration.name);
const REQUESTS = prometheusName(METRICS.requests.name);

/** Matchers that narrow what an expression reads, as PromQL writes them. */
type Where = string;

const selected = (...matchers: readonly Where[]) => `{${matchers.filter(Boolean).join(',')}}`;

/** The share of good calls in those that count; no value where there were none. */
export function successRatio(window: string, where: Where = ''): string {
  const good = `sum(increase(${REQUESTS}${selected(where, GOOD)}[${window}]))`;
  return `${good} / (sum(increase(${REQUESTS}${selected(where, COUNTED)}[${window}])) > 0)`;
}

/**
 * The P99 latency in seconds of good calls, and of the calls that their callers cancelled after the limit of
 * the objective: callers who lose patience must not make a slow service look fast.
 */
export function latencyP99(window: string, where: Where = ''): string {
  const buckets = (...matchers: Where[]) =>
    `rate(${DURATION}_bucket${selected(where, ...matchers)}[${window}])`;
  const good = `sum by (le) (${buckets(GOOD)})`;
  const left = `sum by (le) (${buckets(LATE_IS_SLOW)})`;
  const limitS = slo.profiles.documented.objectives.latency.limitMs / 1000;
  const inTime = `scalar(sum(${buckets(LATE_IS_SLOW, `le="${limitS}"`)}))`;
  const late = `clamp_min(${left} - ${inTime}, 0)`;
  // Either kind of call may not have happened yet, and then it has no series.
  return `histogram_quantile(0.99, (${good} or 0 * ${left}) + (${late} or 0 * ${good}))`;
}

/**
 * The expressions of the panels. Each selects what the variables above the dashboard choose: the job and the
 * instance, and of metrics that have those labels the model and the upstream.
 */
import type { MetricDefinition } from '../../../app/telemetry/metric-definition.ts';
import { slo } from '../../slo.ts';
import { prometheusName, seriesName } from '../prometheus-names.ts';
import { EXEMPLAR_METRIC } from '../promql.ts';

/** `$__rate_interval` is wide enough for a rate at every zoom. */
export const WINDOW = '$__rate_interval';

/** A metric of the catalogue, or the name of one that another program or library makes. */
export type Metric = MetricDefinition | string;

/** Further matchers, as PromQL writes them: `state="open"`. */
type Where = string;

/** The matchers that every selector has. */
export const CHOSEN = 'job=~"$job",instance=~"$instance"';
/** Labels of ours that have a variable. */
const CHOSEN_LABELS = ['model', 'upstream'];

/** The alerts of the pack that fire: others may be in the same Prometheus. */
export function firing(...matchers: readonly Where[]): string {
  return `ALERTS{${['alertstate="firing"', `pack="${slo.pack}"`, ...matchers].join(',')}}`;
}

const nameOf = (metric: Metric) =>
  typeof metric === 'string' ? prometheusName(metric) : seriesName(metric);

/** The chosen series of a metric; `suffix` is that of a histogram's parts. */
export function series(metric: Metric, where: Where = '', suffix = ''): string {
  const labels = typeof metric === 'string' ? {} : metric.labels;
  const more = CHOSEN_LABELS.filter((name) => name in labels).map((name) => `${name}=~"$${name}"`);
  const matchers = [CHOSEN, ...more, ...(where ? [where] : [])];
  return `${nameOf(metric)}${suffix}{${matchers.join(',')}}`;
}

const by = (labels: readonly string[]) => (labels.length > 0 ? ` by (${labels.join(', ')})` : '');

/** The sum of a gauge over the chosen instances. */
export function sum(metric: Metric, labels: readonly string[] = [], where: Where = ''): string {
  return `sum${by(labels)} (${series(metric, where)})`;
}

/** The highest value of a gauge among the chosen instances. */
export function highest(metric: Metric, labels: readonly string[] = [], where: Where = ''): string {
  return `max${by(labels)} (${series(metric, where)})`;
}

/** The events a second of a counter, or of a histogram with its suffix. */
export function rate(
  metric: Metric,
  labels: readonly string[] = [],
  where: Where = '',
  suffix = '',
): string {
  return `sum${by(labels)} (rate(${series(metric, where, suffix)}[${WINDOW}]))`;
}

/** The part of a counter's events that match; no value where there are none, never a division by zero. */
export function share(metric: Metric, where: Where, labels: readonly string[] = []): string {
  return `${rate(metric, labels, where)} / (${rate(metric, labels)} > 0)`;
}

/** A quantile of a histogram, in its own unit. */
export function quantile(
  q: number,
  metric: Metric,
  labels: readonly string[] = [],
  where: Where = '',
): string {
  return `histogram_quantile(${q}, ${rate(metric, ['le', ...labels], where, '_bucket')})`;
}

/** The mean of a histogram's values. */
export function mean(metric: Metric, labels: readonly string[] = [], where: Where = ''): string {
  return `${rate(metric, labels, where, '_sum')} / (${rate(metric, labels, where, '_count')} > 0)`;
}

/** The counts of a histogram's buckets in each step, for a heat map. */
export function buckets(metric: Metric, where: Where = ''): string {
  return `sum by (le) (increase(${series(metric, where, '_bucket')}[${WINDOW}]))`;
}

/**
 * The P99 of kept traces, whose points lead to them. The collector makes this metric of spans and sends it, so its
 * instance is the service's own ID and not the address that is scraped.
 */
export const EXEMPLARS = `histogram_quantile(0.99, sum by (le) (rate(${EXEMPLAR_METRIC}_bucket{job=~"$job",gen_ai_operation_name="chat"}[${WINDOW}])))`;

/** The expressions that dashboards show, over a window: `5m`, or Grafana's `$__rate_interval`. */
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import { counted } from '../slo.ts';
import { prometheusName } from './metrics-page.ts';

/** Made by the collector of kept spans: it carries exemplars, and its rates mean nothing. */
export const EXEMPLAR_METRIC = 'traces_span_metrics_duration_seconds';

const REQUESTS = prometheusName(METRICS.requests.name);
const GOOD = `outcome=~"${counted.good.join('|')}"`;
const COUNTED = `outcome!~"${counted.excluded.join('|')}"`;

/** Share of good calls, of those that count; nothing where there were none. */
export function successRatio(window: string): string {
  const good = `sum(increase(${REQUESTS}{${GOOD}}[${window}]))`;
  return `${good} / (sum(increase(${REQUESTS}{${COUNTED}}[${window}])) > 0)`;
}

/** What is left of the error budget: 1 is all of it, below 0 it is overspent. */
export function budgetLeft(objective: number, window: string): string {
  return `1 - (1 - ${successRatio(window)}) / (1 - ${objective})`;
}

/** A quantile of a histogram's series that fit the matchers, in its unit. */
export function quantile(q: number, name: string, window: string, matchers = ''): string {
  const series = `${prometheusName(name)}_bucket${matchers && `{${matchers}}`}`;
  return `histogram_quantile(${q}, sum by (le) (rate(${series}[${window}])))`;
}

/** P99 of good calls, seconds. */
export function latencyP99(window: string): string {
  return quantile(0.99, METRICS.duration.name, window, GOOD);
}

/** Events per second by a label. */
export function rateBy(name: string, label: string, window: string): string {
  return `sum by (${label}) (rate(${prometheusName(name)}[${window}]))`;
}

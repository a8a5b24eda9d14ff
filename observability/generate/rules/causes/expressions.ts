/** Pieces of PromQL that the alerts on causes share. */
import { METRICS } from '../../../../app/telemetry/metric-catalogue.ts';
import { slo } from '../../../slo.ts';
import { prometheusName } from '../../prometheus-names.ts';

/** @returns a metric of the catalogue, with matchers, as it reads in Prometheus */
export function series(metric: keyof typeof METRICS, matchers = ''): string {
  return `${prometheusName(METRICS[metric].name)}${matchers && `{${matchers}}`}`;
}

/** @returns the part of a histogram that `_count`, `_sum` or `_bucket` names */
export function part(metric: keyof typeof METRICS, suffix: 'count' | 'sum' | 'bucket'): string {
  return `${series(metric)}_${suffix}`;
}

/**
 * How much a counter grew in a window, by its own labels, where it exists only once something has happened: `increase`
 * does not see the first value. A counter that was not there one window ago has grown by all it has, provided that
 * its instance was scraped then; otherwise the gap is ours.
 */
export function grown(name: string, matchers: string, window: string): string {
  const counter = `${name}${matchers && `{${matchers}}`}`;
  const isNew = `${name} offset ${window} and on (job, instance) up offset ${window} == 1`;
  return `${counter} unless ${isNew} or increase(${counter}[${window}])`;
}

/** The programs around the service: others of their kind may be in the same Prometheus. */
export const OF_STACK = `job=~"${slo.jobs.stack}"`;

/** All of these conditions at once, each on a line of its own; the value is that of the first. */
export function all(...conditions: readonly string[]): string {
  return conditions.join('\nand ');
}

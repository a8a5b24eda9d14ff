/** Pieces of PromQL that the alerts on causes share. */
import { METRICS } from '../../../../app/telemetry/metric-catalogue.ts';
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
 * How much counters grew, by their own labels, for those that exist only once something has happened: `increase`
 * does not see the first value. A counter that was not there one window ago grew by all it has, provided that
 * its instance was scraped then; otherwise the gap is ours.
 */
export function grown(counter: string, window: string): string {
  const before = `${counter} offset ${window}`;
  return `increase(${counter}[${window}]) > 0 or (${counter} > 0 unless ${before} and on (job, instance) up offset ${window} == 1)`;
}

/** All of these conditions at once, each on a line of its own; the value is that of the first. */
export function all(...conditions: readonly string[]): string {
  return conditions.join('\nand ');
}

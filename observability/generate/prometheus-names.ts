/** How the names of the catalogue read in Prometheus. */
import type { MetricDefinition } from '../../app/telemetry/metric-definition.ts';

/** The exporter replaces every character that Prometheus does not allow by `_`. */
export function prometheusName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');
}

/** @returns the name of a metric's series; a counter's ends in `_total`, which the exporter adds where it is missing */
export function seriesName({ name, kind }: Pick<MetricDefinition, 'name' | 'kind'>): string {
  const series = prometheusName(name);
  return kind === 'counter' && !series.endsWith('_total') ? `${series}_total` : series;
}

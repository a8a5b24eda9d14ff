/**
 * Limits the series of each instrument by what the settings allow. The SDK's own limit of 2,000 would merge
 * further callers or models into one series before the first scrape, for good.
 */
import type { ViewOptions } from '@opentelemetry/sdk-metrics';
import { SCOPE_NAME } from './attributes.ts';
import { METRICS } from './metric-catalogue.ts';
import type { LabelValues, MetricDefinition } from './metric-definition.ts';

const SDK_LIMIT = 2_000;

/** @returns the number of series that a metric can have, each combination of its label values being one */
export function maxSeries({ labels }: MetricDefinition, values: LabelValues): number {
  return Object.values(labels).reduce(
    (product, label) => product * ('count' in label ? label.count(values) : label.length),
    1,
  );
}

/** @returns how many series an instrument keeps: one of them is for what is beyond the limit */
export function seriesLimit(metric: MetricDefinition, values: LabelValues): number {
  return Math.max(SDK_LIMIT, maxSeries(metric, values) + 1);
}

/** @returns a view for each gauge that can have more series than the SDK keeps; a produced gauge is not the SDK's */
export function cardinalityViews(values: LabelValues): ViewOptions[] {
  return Object.values<MetricDefinition>(METRICS)
    .filter(({ kind }) => kind === 'gauge' || kind === 'observable_gauge')
    .filter((metric) => seriesLimit(metric, values) > SDK_LIMIT)
    .map((metric) => ({
      meterName: SCOPE_NAME,
      instrumentName: metric.name,
      aggregationCardinalityLimit: seriesLimit(metric, values),
    }));
}

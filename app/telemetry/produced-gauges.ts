/**
 * Gauges of what exists at each scrape, and of nothing else: an observable gauge of the SDK goes on reporting
 * the last value of everything that has gone, until the limit of its series is reached.
 */
import { type Attributes, ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type GaugeMetricData,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { SCOPE_NAME } from './attributes.ts';
import type { MetricDefinition } from './metric-definition.ts';

export type Point = readonly [value: number, labels: Attributes];

/**
 * @param read returns the metrics as they are now; called once a scrape
 * @param now milliseconds since the epoch
 */
export function createProducer(
  read: (nowMs: number) => readonly MetricData[],
  now: () => number,
): MetricProducer {
  return {
    async collect() {
      const scopeMetrics = [{ scope: { name: SCOPE_NAME }, metrics: [...read(now())] }];
      return {
        resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics },
        errors: [],
      };
    },
  };
}

/** @returns all that these producers produce, as one; more may be added to the list at any time */
export function together(producers: readonly MetricProducer[]): MetricProducer {
  return {
    async collect(options) {
      const all = await Promise.all(producers.map((producer) => producer.collect(options)));
      return {
        resourceMetrics: {
          resource: resourceFromAttributes({}),
          scopeMetrics: all.flatMap(({ resourceMetrics }) => resourceMetrics.scopeMetrics),
        },
        errors: all.flatMap(({ errors }) => errors),
      };
    },
  };
}

/** @param nowMs milliseconds since the epoch @returns the points of one metric of the catalogue */
export function gauge(
  { name, help, unit }: MetricDefinition,
  points: readonly Point[],
  nowMs: number,
): GaugeMetricData {
  const endTime = millisToHrTime(nowMs);
  return {
    descriptor: { name, description: help, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: points.map(([value, attributes]) => ({
      attributes,
      value,
      startTime: endTime,
      endTime,
    })),
  };
}

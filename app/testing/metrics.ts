/** For tests: instruments whose values can be read back. */
import type { TestContext } from 'node:test';
import type { Attributes } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { createInstruments, type Instruments } from '../telemetry/instruments.ts';

export interface Point {
  readonly attributes: Attributes;
  /** A number, or the sums of a histogram. */
  readonly value: unknown;
}

/** `points` collects all metrics anew and returns the data points of one. */
export function measuredInstruments(t: TestContext): {
  readonly instruments: Instruments;
  points(name: string): Promise<readonly Point[]>;
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  t.after(() => provider.shutdown());
  return {
    instruments: createInstruments(provider.getMeter('t')),
    async points(name) {
      exporter.reset();
      await reader.forceFlush();
      const metrics = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
      return metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    },
  };
}

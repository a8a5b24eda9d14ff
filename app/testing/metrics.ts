/** For tests: instruments whose values can be read back. */
import type { TestContext } from 'node:test';
import type { Attributes } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { CellInstruments } from '../telemetry/cells.ts';
import { createInstruments, type Instruments } from '../telemetry/instruments.ts';

const NO_LABELS = { models: [], upstreams: [], callers: [] };

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
  const cells = new CellInstruments([0, 0]);
  return {
    instruments: createInstruments({ meter: provider.getMeter('t'), cells }, NO_LABELS),
    async points(name) {
      exporter.reset();
      await reader.forceFlush();
      const observed = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
      const metrics = [...cells.read([0, 0]), ...observed];
      return metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    },
  };
}

/** Of the metrics of Node's runtime, what is kept: an instance has a budget of series (docs/adr/0028). */
import { AggregationType, type ViewOptions } from '@opentelemetry/sdk-metrics';

/** Seconds. */
const GC_BUCKETS = [0.001, 0.01, 0.1, 1];

export const LEAN_VIEWS: readonly ViewOptions[] = [
  {
    instrumentName: 'v8js.gc.duration',
    aggregation: {
      type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
      options: { boundaries: GC_BUCKETS },
    },
  },
  ...['size', 'available_size', 'physical_size'].map((part) => ({
    instrumentName: `v8js.memory.heap.space.${part}`,
    aggregation: { type: AggregationType.DROP } as const,
  })),
];

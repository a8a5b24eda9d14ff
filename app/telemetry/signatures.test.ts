import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { createInstruments, createSeriesAtZero } from './metric-catalogue.ts';
import { countSignatures } from './signatures.ts';
import { SIGNATURE_RESULTS } from './vocabulary.ts';

test('each check is counted by its result, the skew in seconds, either way, where it is proven', async (t) => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  t.after(() => provider.shutdown());
  const instruments = createInstruments(provider.getMeter('t'));
  createSeriesAtZero(instruments, { models: [], upstreams: [], callers: [] });
  const onResult = countSignatures(instruments);
  onResult({ result: 'valid', skewMs: -250 });
  onResult({ result: 'skewed', skewMs: 400_000 });
  onResult({ result: 'bad_signature' });
  await reader.forceFlush();

  const metrics = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
  const pointsOf = (name: string) =>
    metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
  const counts = pointsOf('claude_signature_checks_total');
  assert.deepEqual(
    Object.fromEntries(counts.map(({ attributes, value }) => [attributes['result'], value])),
    {
      ...Object.fromEntries(SIGNATURE_RESULTS.map((result) => [result, 0])),
      valid: 1,
      skewed: 1,
      bad_signature: 1,
    },
  );
  const [skew] = pointsOf('claude_signature_skew_seconds');
  assert.partialDeepStrictEqual(skew?.value, { count: 2, sum: 400.25, min: 0.25 });
});

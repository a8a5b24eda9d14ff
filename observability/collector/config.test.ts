/** The figures of the collector agree with the objectives, the catalogue and the settings. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { settingsSchema } from '../../app/config/settings.ts';
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import { slo } from '../slo.ts';

const config = parse(readFileSync(new URL('config.yaml', import.meta.url), 'utf8'));
const sampling = config.processors.tail_sampling;

/** Reads a Go duration of one unit. */
function seconds(text: string): number {
  const [, number, unit] = /^(\d+)(ms|s)$/.exec(text) ?? assert.fail(text);
  return Number(number) / (unit === 'ms' ? 1000 : 1);
}

test('collector: a trace is slow from the latency objective on', () => {
  const slow = sampling.policies.find(({ name }: { name: string }) => name === 'slow');
  assert.equal(slow.latency.threshold_ms, slo.profiles.documented.objectives.latency.limitMs);
});

test('collector: no trace is judged before the longest call has ended', () => {
  const { CALL_DEADLINE_MS } = settingsSchema.parse({});
  assert(seconds(sampling.decision_wait) * 1000 > CALL_DEADLINE_MS);
});

test('collector: span metrics have the buckets of the duration of calls', () => {
  const buckets = config.connectors.span_metrics.histogram.explicit.buckets.map(seconds);
  assert.deepEqual(buckets, METRICS.duration.buckets);
});

test('collector: span metrics are made after sampling, and no text of a caller becomes a label', () => {
  assert(config.service.pipelines.traces.processors.includes('tail_sampling'));
  assert.deepEqual(config.service.pipelines['metrics/exemplars'].receivers, ['span_metrics']);
  assert(config.connectors.span_metrics.exclude_dimensions.includes('span.name'));
});

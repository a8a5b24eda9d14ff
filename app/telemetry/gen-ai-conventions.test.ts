/** The service's GenAI signals are those of the pinned conventions, and their old names are nowhere. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  CONVENTIONAL_ATTRIBUTES,
  CONVENTIONAL_METRICS,
  OLD_NAMES,
  SOURCES,
} from '../testing/gen-ai-conventions.ts';
import * as attributes from './attributes.ts';
import { GEN_AI_METRICS } from './gen-ai-metrics.ts';
import type { MetricDefinition } from './metric-definition.ts';

const ADR = 'docs/adr/0030-genai-conventions.md';
/** They speak of the past, or define what is old. */
const MAY_NAME_THE_OLD = [
  'CHANGELOG.md',
  ADR,
  'app/testing/gen-ai-conventions.ts',
  'observability/generate/metric-names.test.ts',
  // Backends know these names so far, and a collector renames ours to them.
  'docs/otlp-backends.md',
  'app/telemetry/otlp-backends.test.ts',
];

/** By model they are claude_api_time_to_first_token_seconds and claude_api_output_tokens_per_second (docs/adr/0028). */
const WITHOUT_MODEL = [
  'gen_ai.client.inference.time_to_first_chunk',
  'gen_ai.client.inference.time_per_output_chunk',
];

test('GenAI conventions: the metrics are those that are recommended for inference, all of them and no others', () => {
  const ours = Object.values<MetricDefinition>(GEN_AI_METRICS).map(({ name }) => name);
  assert.deepEqual(ours.sort(), Object.keys(CONVENTIONAL_METRICS).sort());
});

for (const { name, kind, unit, labels, buckets } of Object.values<MetricDefinition>(
  GEN_AI_METRICS,
)) {
  test(`GenAI conventions: kind, unit, buckets and attributes of ${name}`, () => {
    const { required, conditional, ...rest } = CONVENTIONAL_METRICS[name] ?? assert.fail(name);
    assert.deepEqual({ kind, unit, ...(buckets && { buckets }) }, rest);
    const left = WITHOUT_MODEL.includes(name) ? [] : conditional;
    assert.deepEqual(Object.keys(labels).sort(), [...required, ...left].sort());
  });
}

test('GenAI conventions: every attribute gen_ai.… that the service knows is in the pinned list', () => {
  const ours = Object.values(attributes).filter((name) => name.startsWith('gen_ai.'));
  assert(ours.length > 10);
  assert.deepEqual(
    ours.filter((name) => !CONVENTIONAL_ATTRIBUTES.includes(name)),
    [],
  );
});

test('GenAI conventions: the decision names the files and commits that the list was written from', () => {
  const text = readFileSync(ADR, 'utf8');
  for (const source of SOURCES) {
    for (const part of source.split('@')) assert(text.includes(part), part);
  }
});

test('GenAI conventions: no old name is left in code, rules, dashboards or documentation', () => {
  const files = globSync('{app,clients,docs,loadtest,observability}/**/*.{ts,json,yml,yaml,md}', {
    exclude: (name) => name.includes('node_modules'),
  });
  assert(files.length > 300, `${files.length} files`);
  const stale = [...files, 'README.md']
    .filter((file) => !MAY_NAME_THE_OLD.includes(file))
    .filter((file) => OLD_NAMES.test(readFileSync(file, 'utf8')));
  assert.deepEqual(stale, []);
});

/**
 * The metrics of the GenAI conventions, with the same names and buckets, which third-party dashboards read.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 */
import { OUTCOMES } from '../outcome.ts';
import { type MetricDefinition, MODEL, MODEL_OR_UNKNOWN } from './metric-definition.ts';

/** Seconds. */
const GEN_AI_DURATION_BUCKETS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const GEN_AI_FIRST_CHUNK_BUCKETS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const GEN_AI_CHUNK_BUCKETS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
];
const GEN_AI_TOKEN_BUCKETS = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
  67_108_864,
];

export const GEN_AI_METRICS = {
  genAiDuration: {
    name: 'gen_ai.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    help: 'GenAI convention: duration of an operation',
    labels: {
      'gen_ai.operation.name': ['chat'],
      'gen_ai.provider.name': ['anthropic'],
      'gen_ai.request.model': MODEL_OR_UNKNOWN,
      'error.type': OUTCOMES,
    },
    buckets: GEN_AI_DURATION_BUCKETS,
  },
  genAiTokens: {
    name: 'gen_ai.client.token.usage',
    kind: 'histogram',
    unit: '{token}',
    help: 'GenAI convention: tokens of an operation; input includes cached tokens',
    labels: {
      'gen_ai.operation.name': ['chat'],
      'gen_ai.provider.name': ['anthropic'],
      'gen_ai.request.model': MODEL,
      'gen_ai.token.type': ['input', 'output'],
    },
    buckets: GEN_AI_TOKEN_BUCKETS,
  },
  genAiFirstChunk: {
    name: 'gen_ai.client.operation.time_to_first_chunk',
    kind: 'histogram',
    unit: 's',
    help: 'GenAI convention: time from the start of an operation to its first chunk',
    labels: {
      'gen_ai.operation.name': ['chat'],
      'gen_ai.provider.name': ['anthropic'],
      'gen_ai.request.model': MODEL,
    },
    buckets: GEN_AI_FIRST_CHUNK_BUCKETS,
  },
  genAiPerChunk: {
    name: 'gen_ai.client.operation.time_per_output_chunk',
    kind: 'histogram',
    unit: 's',
    help: 'GenAI convention: time between two chunks of a stream',
    labels: {
      'gen_ai.operation.name': ['chat'],
      'gen_ai.provider.name': ['anthropic'],
      'gen_ai.request.model': MODEL,
    },
    buckets: GEN_AI_CHUNK_BUCKETS,
  },
} as const satisfies Record<string, MetricDefinition>;

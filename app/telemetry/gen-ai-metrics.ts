/**
 * The metrics of the GenAI conventions, which third-party dashboards read: names, units, buckets and attributes
 * are those of the pinned version (docs/adr/0030-genai-conventions.md), and no old name is kept beside them.
 */
import { type MetricDefinition, MODEL, MODEL_OR_UNKNOWN } from './metric-definition.ts';

/** Seconds. */
const SECONDS_BUCKETS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const TOKEN_BUCKETS = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
  67_108_864,
];

const CALL = { 'gen_ai.operation.name': ['chat'], 'gen_ai.provider.name': ['anthropic'] };
const MODEL_CALL = { ...CALL, 'gen_ai.request.model': MODEL };

/** The convention's fallback: each kind of error would multiply the buckets, and other metrics have the kinds. */
export const GEN_AI_ERROR = '_OTHER';
const ERROR = { 'error.type': [GEN_AI_ERROR] };

/** The API does not say which of its tokens are text and which an image. */
export const GEN_AI_MODALITY = 'unknown';
const USAGE = {
  kind: 'counter',
  unit: '{token}',
  labels: { ...MODEL_CALL, 'gen_ai.token.modality': [GEN_AI_MODALITY] },
} as const;

export const GEN_AI_METRICS = {
  genAiDuration: {
    name: 'gen_ai.client.inference.duration',
    kind: 'histogram',
    unit: 's',
    help: 'GenAI convention: duration of a call for a message, from its start to its end; failed ones have no model',
    labels: { ...CALL, 'gen_ai.request.model': MODEL_OR_UNKNOWN, ...ERROR },
    buckets: SECONDS_BUCKETS,
  },
  genAiFirstChunk: {
    name: 'gen_ai.client.inference.time_to_first_chunk',
    kind: 'histogram',
    unit: 's',
    help: 'GenAI convention: time from the start of a call to the first content of its stream',
    labels: CALL,
    buckets: SECONDS_BUCKETS,
  },
  genAiPerChunk: {
    name: 'gen_ai.client.inference.time_per_output_chunk',
    kind: 'histogram',
    unit: 's',
    help: 'GenAI convention: time between two pieces of a stream’s content',
    labels: CALL,
    buckets: SECONDS_BUCKETS,
  },
  genAiUsageInput: {
    ...USAGE,
    name: 'gen_ai.client.inference.usage.input_tokens',
    help: 'GenAI convention: input tokens, cached ones included, failed calls too',
  },
  genAiUsageOutput: {
    ...USAGE,
    name: 'gen_ai.client.inference.usage.output_tokens',
    help: 'GenAI convention: output tokens, thinking included, failed calls too',
  },
  genAiUsageCacheRead: {
    ...USAGE,
    name: 'gen_ai.client.inference.usage.cache_read.input_tokens',
    help: 'GenAI convention: those of the input tokens that were read from the prompt cache',
  },
  genAiUsageCacheWrite: {
    ...USAGE,
    name: 'gen_ai.client.inference.usage.cache_write.input_tokens',
    help: 'GenAI convention: those of the input tokens that were written to the prompt cache',
  },
  genAiUsageReasoning: {
    ...USAGE,
    name: 'gen_ai.client.inference.usage.reasoning.output_tokens',
    help: 'GenAI convention: those of the output tokens that were used for thinking',
  },
  genAiInputTokens: {
    name: 'gen_ai.client.inference.operation.input_tokens',
    kind: 'histogram',
    unit: '{token}',
    help: 'GenAI convention: input tokens of each call, 0 where the API reported none; failed ones have no model',
    labels: { ...MODEL_CALL, ...ERROR },
    buckets: TOKEN_BUCKETS,
  },
  genAiOutputTokens: {
    name: 'gen_ai.client.inference.operation.output_tokens',
    kind: 'histogram',
    unit: '{token}',
    help: 'GenAI convention: output tokens of each call, 0 where the API reported none; failed ones have no model',
    labels: { ...MODEL_CALL, ...ERROR },
    buckets: TOKEN_BUCKETS,
  },
} as const satisfies Record<string, MetricDefinition>;

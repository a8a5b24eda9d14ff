/**
 * For tests: what the pinned version of the GenAI conventions says of the signals that the service emits. Written
 * by hand from these files of https://github.com/open-telemetry/semantic-conventions-genai, each at its commit.
 */
export const SOURCES = [
  'docs/gen-ai/client-inference.md@024a4f944a1291fcb627c9c47da69e79868dd15e',
  'docs/gen-ai/gen-ai-token-metrics.md@066d4a7f356f8600de6f10c42874626ab88692fb',
  'docs/gen-ai/non-normative/migration.md@32c328e85013588c6fe32ebc30934ab5b1752b6a',
];

interface ConventionalMetric {
  readonly kind: 'counter' | 'histogram';
  readonly unit: string;
  /** Attributes that every measurement must have. */
  readonly required: readonly string[];
  /** Attributes that a measurement has if they are known, or if the operation failed. */
  readonly conditional: readonly string[];
  readonly buckets?: readonly number[];
}

const NAMED = ['gen_ai.operation.name', 'gen_ai.provider.name'];
const MODEL = 'gen_ai.request.model';
const SECONDS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const TOKENS = [
  1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
];

const stream = {
  kind: 'histogram',
  unit: 's',
  required: NAMED,
  conditional: [MODEL],
  buckets: SECONDS,
} as const;
const usage = {
  kind: 'counter',
  unit: '{token}',
  required: [...NAMED, 'gen_ai.token.modality'],
  conditional: [MODEL],
} as const;
const operation = {
  kind: 'histogram',
  unit: '{token}',
  required: NAMED,
  conditional: [MODEL, 'error.type'],
  buckets: TOKENS,
} as const;

/** Every metric that the convention recommends for a client's inference. */
export const CONVENTIONAL_METRICS: Readonly<Record<string, ConventionalMetric>> = {
  'gen_ai.client.inference.duration': { ...stream, conditional: [MODEL, 'error.type'] },
  'gen_ai.client.inference.time_to_first_chunk': stream,
  'gen_ai.client.inference.time_per_output_chunk': stream,
  'gen_ai.client.inference.usage.input_tokens': usage,
  'gen_ai.client.inference.usage.output_tokens': usage,
  'gen_ai.client.inference.usage.cache_read.input_tokens': usage,
  'gen_ai.client.inference.usage.cache_write.input_tokens': usage,
  'gen_ai.client.inference.usage.reasoning.output_tokens': usage,
  'gen_ai.client.inference.operation.input_tokens': operation,
  'gen_ai.client.inference.operation.output_tokens': operation,
};

/** The attributes of the span `gen_ai.client.inference` that can apply to Claude, and that of the usage counters. */
export const CONVENTIONAL_ATTRIBUTES: readonly string[] = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.conversation.id',
  'gen_ai.conversation.compacted',
  'gen_ai.output.type',
  'gen_ai.request.model',
  'gen_ai.request.stream',
  'gen_ai.request.max_tokens',
  'gen_ai.request.reasoning.level',
  'gen_ai.request.stop_sequences',
  'gen_ai.request.temperature',
  'gen_ai.request.top_k',
  'gen_ai.request.top_p',
  'gen_ai.response.finish_reasons',
  'gen_ai.response.id',
  'gen_ai.response.model',
  'gen_ai.response.time_to_first_chunk',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.token.modality',
];

/** Names of earlier versions, in OpenTelemetry's or in Prometheus's form. */
export const OLD_NAMES =
  /gen_ai[._](?:client[._](?:operation|token)[._]|token[._]type|usage[._](?:cache_creation|prompt_tokens|completion_tokens)|system\b)|anthropic\.request_id/;

/**
 * What the service does not show of the metrics that libraries and conventions make, so that an instance stays
 * below 3,000 series (docs/adr/0028-a-budget-of-series.md). app/series.test.ts counts them.
 */
import type { Attributes } from '@opentelemetry/api';
import {
  AggregationType,
  createAllowListAttributesProcessor,
  type IAttributesProcessor,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { ATTR_ERROR_TYPE, ATTR_GEN_AI_REQUEST_MODEL, SCOPE_NAME } from './attributes.ts';
import { METRICS } from './metric-catalogue.ts';

/** Seconds. */
const GC_BUCKETS = [0.001, 0.01, 0.1, 1];
const UPSTREAM_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const histogram = (boundaries: number[]) =>
  ({ type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries } }) as const;
const only = (...attributes: string[]) => [createAllowListAttributesProcessor(attributes)];

/** Failed calls of all models are one series: which models fail is in `claude_api_requests_total`. */
const failuresWithoutModel: IAttributesProcessor = {
  process(attributes: Attributes) {
    if (attributes[ATTR_ERROR_TYPE] === undefined) return attributes;
    const { [ATTR_GEN_AI_REQUEST_MODEL]: _, ...rest } = attributes;
    return rest;
  },
};
const withoutModel: IAttributesProcessor = {
  process({ [ATTR_GEN_AI_REQUEST_MODEL]: _, ...rest }: Attributes) {
    return rest;
  },
};

function ours(name: string, processor: IAttributesProcessor): ViewOptions {
  return { meterName: SCOPE_NAME, instrumentName: name, attributesProcessors: [processor] };
}

/**
 * Requests are counted by route and status, without buckets and methods: any method can be sent to any path,
 * and how long calls last is in `claude_api_request_duration_seconds`. Upstreams are told apart by address alone:
 * how their answers ended is in `claude_api_attempts_total`.
 */
export const LEAN_VIEWS: readonly ViewOptions[] = [
  {
    instrumentName: 'http.server.request.duration',
    attributesProcessors: only('http.route', 'http.response.status_code'),
    aggregation: histogram([]),
  },
  {
    instrumentName: 'http.client.request.duration',
    attributesProcessors: only('server.address', 'server.port'),
    aggregation: histogram(UPSTREAM_BUCKETS),
  },
  { instrumentName: 'v8js.gc.duration', aggregation: histogram(GC_BUCKETS) },
  ...['size', 'available_size', 'physical_size'].map((part) => ({
    instrumentName: `v8js.memory.heap.space.${part}`,
    aggregation: { type: AggregationType.DROP } as const,
  })),
  ours(METRICS.genAiDuration.name, failuresWithoutModel),
  ours(METRICS.genAiInputTokens.name, failuresWithoutModel),
  ours(METRICS.genAiOutputTokens.name, failuresWithoutModel),
  // By model they are claude_api_time_to_first_token_seconds and claude_api_output_tokens_per_second.
  ours(METRICS.genAiFirstChunk.name, withoutModel),
  ours(METRICS.genAiPerChunk.name, withoutModel),
];

/**
 * Every instrument of the service, named as it reads in Prometheus; `docs/metrics.md` comes from
 * here. Labels are allow-lists (docs/semantics.md): nothing else from outside becomes one.
 */
import type { Counter, Gauge, Histogram, Meter, UpDownCounter } from '@opentelemetry/api';
import { FAMILIES } from '../anthropic/rate-limits.ts';
import { ATTEMPT_ERRORS, OUTCOMES } from '../outcome.ts';
import {
  CIRCUIT_STATES,
  KEY_STATES,
  OPERATIONS,
  QUOTAS,
  RETRY_REFUSALS,
  SIGNATURE_RESULTS,
  SOURCE_FAILURES,
  TOKEN_TYPES,
} from './vocabulary.ts';

/** Names of the allow-list that a label's values come from. `configured` ones are in the config. */
const MODEL = 'configured models, other';
const UPSTREAM = 'configured upstreams';
const CALLER = 'configured callers, or anybody';
const KEY = 'aliases in their source, at most 16';
const KEY_OWNER = { upstream: UPSTREAM, caller: 'configured callers, shared' } as const;
const STREAM = ['true', 'false'];

/** Seconds; an exact edge at the documented 0.5 s, a range to 300 s. */
const CALL_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300,
];
/** Seconds; our own time is milliseconds on a good day. */
const OVERHEAD_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** Seconds; an exact edge at the default window of 300 s. */
const SKEW_BUCKETS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 3600];
const ATTEMPT_BUCKETS = [1, 2, 3, 4, 6, 11];
/** https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ */
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

/** One instrument. `labels` maps each label to its values, or to the name of their allow-list. */
export interface MetricDefinition {
  readonly name: string;
  /** A `produced_gauge` is no instrument: what is now is made at each scrape, and nothing of before. */
  readonly kind:
    | 'counter'
    | 'histogram'
    | 'gauge'
    | 'up_down_counter'
    | 'observable_gauge'
    | 'produced_gauge';
  readonly unit: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[] | string>>;
  readonly buckets?: readonly number[];
}

export const METRICS = {
  requests: {
    name: 'claude_api_requests_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls that callers asked of the service, by how they ended',
    labels: { operation: OPERATIONS, model: MODEL, stream: STREAM, outcome: OUTCOMES },
  },
  errors: {
    name: 'claude_api_errors_total',
    kind: 'counter',
    unit: '{attempt}',
    help: "Attempts that failed by no fault of the caller: the documented rule's metric",
    labels: { upstream: UPSTREAM, error_type: ATTEMPT_ERRORS },
  },
  attempts: {
    name: 'claude_api_attempts_total',
    kind: 'counter',
    unit: '{attempt}',
    help: 'Requests to an upstream, by how they ended',
    labels: { upstream: UPSTREAM, outcome: OUTCOMES },
  },
  retries: {
    name: 'claude_api_retries_total',
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts made again, by why',
    labels: { reason: ATTEMPT_ERRORS },
  },
  failovers: {
    name: 'claude_api_failovers_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls that went over to this upstream after another had failed them',
    labels: { upstream: UPSTREAM },
  },
  circuit: {
    name: 'claude_api_circuit_state',
    kind: 'observable_gauge',
    unit: '1',
    help: '1 for the state that the circuit of an upstream is in',
    labels: { upstream: UPSTREAM, state: CIRCUIT_STATES },
  },
  retriesRefused: {
    name: 'claude_api_retries_refused_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Retryable failures that were not retried, by reason',
    labels: { reason: RETRY_REFUSALS },
  },
  retryBudget: {
    name: 'claude_api_retry_budget',
    kind: 'observable_gauge',
    unit: '{retry}',
    help: 'Retries that may be made now; at 0 an outage is no longer multiplied',
    labels: {},
  },
  attemptsPerCall: {
    name: 'claude_api_attempts_per_call',
    kind: 'histogram',
    unit: '{attempt}',
    help: 'Attempts that a call took',
    labels: { operation: OPERATIONS },
    buckets: ATTEMPT_BUCKETS,
  },
  duration: {
    name: 'claude_api_request_duration_seconds',
    kind: 'histogram',
    unit: 's',
    help: "A whole call, from the caller's request to the answer's last byte",
    labels: { operation: OPERATIONS, model: MODEL, stream: STREAM, outcome: OUTCOMES },
    buckets: CALL_BUCKETS,
  },
  timeToFirstToken: {
    name: 'claude_api_time_to_first_token_seconds',
    kind: 'histogram',
    unit: 's',
    help: "From the caller's request to the first content of a stream",
    labels: { model: MODEL },
    buckets: CALL_BUCKETS,
  },
  overhead: {
    name: 'claude_api_overhead_seconds',
    kind: 'histogram',
    unit: 's',
    help: 'Our own time in a call: all of it but waiting for the upstream and back-off',
    labels: { operation: OPERATIONS, stream: STREAM },
    buckets: OVERHEAD_BUCKETS,
  },
  tokens: {
    name: 'claude_api_tokens_total',
    kind: 'counter',
    unit: '{token}',
    help: 'Tokens that the upstream reported',
    labels: { model: MODEL, type: TOKEN_TYPES },
  },
  inFlight: {
    name: 'claude_api_calls_in_flight',
    kind: 'up_down_counter',
    unit: '{call}',
    help: 'Calls being served now: the documented concurrent connections',
    labels: {},
  },
  admission: {
    name: 'claude_api_admission_calls',
    kind: 'observable_gauge',
    unit: '{call}',
    help: 'Calls that were let in, and calls that wait for a place',
    labels: { state: ['active', 'queued'] },
  },
  pool: {
    name: 'claude_api_pool_connections',
    kind: 'observable_gauge',
    unit: '{connection}',
    help: 'Upstream connections open and free, and requests pending for one',
    labels: { state: ['open', 'free', 'pending'] },
  },
  callerCalls: {
    name: 'claude_api_caller_calls_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls of each caller, by how they ended',
    labels: { caller: CALLER, outcome: OUTCOMES },
  },
  callerTokens: {
    name: 'claude_api_caller_tokens_total',
    kind: 'counter',
    unit: '{token}',
    help: 'Tokens that the calls of each caller used',
    labels: { caller: CALLER, type: TOKEN_TYPES },
  },
  callerRefusals: {
    name: 'claude_api_caller_refusals_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls refused because a quota of their caller was exceeded, by which one',
    labels: { caller: CALLER, reason: QUOTAS },
  },
  unauthenticated: {
    name: 'claude_api_unauthenticated_total',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests without a token of a caller',
    labels: {},
  },
  keyState: {
    name: 'claude_api_key_state',
    kind: 'produced_gauge',
    unit: '1',
    help: '1 for the state that a key is in: cooling down until its limit is reset, rejected by the upstream',
    labels: { ...KEY_OWNER, key: KEY, state: KEY_STATES },
  },
  keyAge: {
    name: 'claude_api_key_age_seconds',
    kind: 'produced_gauge',
    unit: 's',
    help: 'Since this instance first had the key',
    labels: { ...KEY_OWNER, key: KEY },
  },
  keyRotations: {
    name: 'claude_api_key_rotations_total',
    kind: 'counter',
    unit: '{rotation}',
    help: 'Reads of a source that found other keys than before, the first one included',
    labels: KEY_OWNER,
  },
  keySourceUp: {
    name: 'claude_api_key_source_up',
    kind: 'gauge',
    unit: '1',
    help: '0 while keys cannot be read from their source; the last good ones stay in use',
    labels: KEY_OWNER,
  },
  keySourceFailures: {
    name: 'claude_api_key_source_failures_total',
    kind: 'counter',
    unit: '{read}',
    help: 'Reads of a source that gave no keys, by why',
    labels: { ...KEY_OWNER, reason: SOURCE_FAILURES },
  },
  rateLimitRemaining: {
    name: 'claude_api_rate_limit_remaining',
    kind: 'produced_gauge',
    unit: '1',
    help: 'What is left of a key’s rate limit, as the upstream last said; absent where it never did',
    labels: { ...KEY_OWNER, key: KEY, family: FAMILIES },
  },
  rateLimitMax: {
    name: 'claude_api_rate_limit_max',
    kind: 'produced_gauge',
    unit: '1',
    help: 'The whole of that limit',
    labels: { ...KEY_OWNER, key: KEY, family: FAMILIES },
  },
  replacedIds: {
    name: 'claude_correlation_ids_replaced_total',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests whose correlation ID was not fit to be kept',
    labels: {},
  },
  signatureChecks: {
    name: 'claude_signature_checks_total',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests whose signature was checked, by what that came to',
    labels: { result: SIGNATURE_RESULTS },
  },
  signatureSkew: {
    name: 'claude_signature_skew_seconds',
    kind: 'histogram',
    unit: 's',
    help: "How far the signer's clock was off, either way, of requests that are valid or skewed",
    labels: {},
    buckets: SKEW_BUCKETS,
  },
  buildInfo: {
    name: 'claude_build_info',
    kind: 'gauge',
    unit: '1',
    help: 'Always 1; the labels tell what runs',
    labels: { version: 'the release', node_version: 'the runtime' },
  },
  genAiDuration: {
    name: 'gen_ai.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    help: 'GenAI convention: duration of an operation',
    labels: {
      'gen_ai.operation.name': ['chat'],
      'gen_ai.provider.name': ['anthropic'],
      'gen_ai.request.model': MODEL,
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
    help: 'GenAI convention: from the operation to its first chunk',
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

type InstrumentOf<D extends MetricDefinition> = D['kind'] extends 'counter'
  ? Counter
  : D['kind'] extends 'histogram'
    ? Histogram
    : D['kind'] extends 'up_down_counter'
      ? UpDownCounter
      : D['kind'] extends 'gauge'
        ? Gauge
        : D['kind'] extends 'produced_gauge'
          ? undefined
          : ReturnType<Meter['createObservableGauge']>;

/** The instruments by their names in the catalogue. */
export type Instruments = {
  readonly [K in keyof typeof METRICS]: InstrumentOf<(typeof METRICS)[K]>;
};

function createInstrument(meter: Meter, definition: MetricDefinition) {
  const { name, help, unit, buckets } = definition;
  const options = { description: help, unit };
  switch (definition.kind) {
    case 'counter':
      return meter.createCounter(name, options);
    case 'histogram':
      return meter.createHistogram(name, {
        ...options,
        advice: { explicitBucketBoundaries: [...(buckets ?? CALL_BUCKETS)] },
      });
    case 'up_down_counter':
      return meter.createUpDownCounter(name, options);
    case 'gauge':
      return meter.createGauge(name, options);
    case 'produced_gauge':
      return undefined;
    case 'observable_gauge':
      return meter.createObservableGauge(name, options);
  }
}

/** Creates every instrument of the catalogue on a meter. */
export function createInstruments(meter: Meter): Instruments {
  const created = Object.entries(METRICS).map(([key, d]) => [key, createInstrument(meter, d)]);
  return Object.fromEntries(created) as Instruments;
}

/** What the pre-created series need to know of the configuration. */
export interface LabelValues {
  /** Configured names; `other` is added here. */
  readonly models: readonly string[];
  readonly upstreams: readonly string[];
  readonly callers: readonly string[];
}

/**
 * Adds 0 to every series of an objective, so that `rate()` sees the first failure: a counter that
 * appears with its first increment has no rate.
 */
export function createSeriesAtZero(instruments: Instruments, values: LabelValues): void {
  for (const upstream of values.upstreams) {
    for (const error_type of ATTEMPT_ERRORS) instruments.errors.add(0, { upstream, error_type });
    for (const outcome of OUTCOMES) instruments.attempts.add(0, { upstream, outcome });
    instruments.failovers.add(0, { upstream });
  }
  for (const reason of ATTEMPT_ERRORS) instruments.retries.add(0, { reason });
  for (const model of [...values.models, 'other']) {
    for (const outcome of OUTCOMES) {
      instruments.requests.add(0, { operation: 'chat', model, stream: 'true', outcome });
      instruments.requests.add(0, { operation: 'chat', model, stream: 'false', outcome });
    }
    for (const type of TOKEN_TYPES) instruments.tokens.add(0, { model, type });
  }
  for (const reason of RETRY_REFUSALS) instruments.retriesRefused.add(0, { reason });
  for (const result of SIGNATURE_RESULTS) instruments.signatureChecks.add(0, { result });
  instruments.inFlight.add(0);
  for (const caller of values.callers) {
    for (const outcome of OUTCOMES) instruments.callerCalls.add(0, { caller, outcome });
    for (const reason of QUOTAS) instruments.callerRefusals.add(0, { caller, reason });
  }
  instruments.unauthenticated.add(0);
  instruments.replacedIds.add(0);
}

/**
 * Every metric of the service, under its name in Prometheus; `docs/metrics.md` is generated from this
 * table. Labels are allow-lists (docs/semantics.md), so no other input from outside becomes a label.
 */
import { ATTEMPT_ERRORS, DURATION_OUTCOMES, OUTCOMES, RETRY_REASONS } from '../outcome.ts';
import { ANSWER_METRICS } from './answer-metrics.ts';
import { COST_METRICS } from './cost-metrics.ts';
import { GEN_AI_METRICS } from './gen-ai-metrics.ts';
import { KEY_METRICS } from './key-metrics.ts';
import {
  CALLER,
  type ConfiguredLabel,
  type MetricDefinition,
  MODEL,
  MODEL_OF_DURATION,
  MODEL_OR_UNKNOWN,
  STREAM,
  UPSTREAM,
} from './metric-definition.ts';
import { PROCESS_METRICS } from './process-metrics.ts';
import { SPEED_METRICS } from './speed-metrics.ts';
import {
  CIRCUIT_STATES,
  LOG_DROPS,
  NETWORK_CAUSES,
  OPERATIONS,
  QUOTAS,
  REFUSED_REQUESTS,
  RETRY_REFUSALS,
  SIGNATURE_RESULTS,
  TOKEN_TYPES,
} from './vocabulary.ts';

/** Seconds. The documented objective of 0.5 s is a bucket's edge; streams may last many minutes. */
const CALL_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
/** Seconds. Our own time in a call is usually a few milliseconds. */
const OVERHEAD_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** Seconds. The signature window of 300 s is a bucket's edge. */
const SKEW_BUCKETS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 3600];

const only = (text: string): ConfiguredLabel => ({ text, count: () => 1 });

export const METRICS = {
  requests: {
    name: 'claude_api_requests_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls that callers made, refused ones included, by outcome',
    labels: { operation: OPERATIONS, model: MODEL_OR_UNKNOWN, stream: STREAM, outcome: OUTCOMES },
  },
  errors: {
    name: 'claude_api_errors_total',
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts that the upstream, the network or our account failed; the documented alert reads this metric',
    labels: { upstream: UPSTREAM, error_type: ATTEMPT_ERRORS },
  },
  attempts: {
    name: 'claude_api_attempts_total',
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts at an upstream, by outcome; one that finds no key or no connection sends nothing',
    labels: { upstream: UPSTREAM, outcome: OUTCOMES },
  },
  networkErrors: {
    name: 'claude_api_network_errors_total',
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts that the network failed, by cause; `local` means that this machine lacks something',
    labels: { upstream: UPSTREAM, cause: NETWORK_CAUSES },
  },
  retries: {
    name: 'claude_api_retries_total',
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts that were made again, after a back-off or at once with another key, by the outcome of the attempt before; a failover is none',
    labels: { reason: RETRY_REASONS },
  },
  failovers: {
    name: 'claude_api_failovers_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls that failed over to this upstream',
    labels: { upstream: UPSTREAM },
  },
  circuit: {
    name: 'claude_api_circuit_state',
    kind: 'observable_gauge',
    unit: '1',
    help: '1 for the current state of an upstream’s circuit breaker, 0 for its other states',
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
    help: 'Retries that the budget allows now; at 0 over a third of the attempts fail, and none is retried',
    labels: {},
  },
  attemptsPerCall: {
    name: 'claude_api_attempts_per_call',
    kind: 'histogram',
    unit: '{attempt}',
    help: 'Attempts of each call that came to any, retries and failover included',
    labels: { operation: OPERATIONS },
    buckets: [1, 2, 3, 4, 6, 11],
  },
  duration: {
    name: 'claude_api_request_duration_seconds',
    kind: 'histogram',
    unit: 's',
    help: "Duration of a call, from the caller's request to the end of the upstream's response, or to its refusal",
    labels: {
      operation: OPERATIONS,
      model: MODEL_OF_DURATION,
      stream: STREAM,
      outcome: DURATION_OUTCOMES,
    },
    buckets: CALL_BUCKETS,
  },
  overhead: {
    name: 'claude_api_overhead_seconds',
    kind: 'histogram',
    unit: 's',
    help: 'Our own time in a call: its duration without back-off and without waiting for upstreams, or for a caller who sends or reads slowly',
    labels: { operation: OPERATIONS, stream: STREAM },
    buckets: OVERHEAD_BUCKETS,
  },
  tokens: {
    name: 'claude_api_tokens_total',
    kind: 'counter',
    unit: '{token}',
    help: 'Tokens of messages as upstreams reported them, failed attempts included, by type; `output_estimated` is our own estimate of what was not reported',
    labels: { model: MODEL, type: TOKEN_TYPES },
  },
  inFlight: {
    name: 'claude_api_calls_in_flight',
    kind: 'up_down_counter',
    unit: '{call}',
    help: 'Calls for messages in progress; the documentation calls them concurrent connections',
    labels: {},
  },
  admission: {
    name: 'claude_api_admission_calls',
    kind: 'observable_gauge',
    unit: '{call}',
    help: 'Calls that hold a slot of the concurrency limit, calls that wait for one, and calls in back-off, which hold none',
    labels: { state: ['active', 'queued', 'paused'] },
  },
  pool: {
    name: 'claude_api_pool_connections',
    kind: 'observable_gauge',
    unit: '{connection}',
    help: 'Upstream connections that are open or free, and requests that wait for one',
    labels: { state: ['open', 'free', 'pending'] },
  },
  callerCalls: {
    name: 'claude_api_caller_calls_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls of each caller, refused ones included, by outcome',
    labels: { caller: CALLER, outcome: OUTCOMES },
  },
  callerTokens: {
    name: 'claude_api_caller_tokens_total',
    kind: 'counter',
    unit: '{token}',
    help: 'Tokens of each caller, counted like those of each model, by type',
    labels: { caller: CALLER, type: TOKEN_TYPES },
  },
  callerRefusals: {
    name: 'claude_api_caller_refusals_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls refused because their caller exceeded a quota, by quota',
    labels: { caller: CALLER, reason: QUOTAS },
  },
  unauthenticated: {
    name: 'claude_api_unauthenticated_total',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests without a valid token of a caller',
    labels: {},
  },
  ...SPEED_METRICS,
  ...COST_METRICS,
  ...ANSWER_METRICS,
  ...KEY_METRICS,
  ...PROCESS_METRICS,
  replacedIds: {
    name: 'claude_correlation_ids_replaced_total',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests whose correlation ID was not valid and was replaced',
    labels: {},
  },
  refusedRequests: {
    name: 'claude_http_refused_requests_total',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests refused before they reached a route, by reason',
    labels: { reason: REFUSED_REQUESTS },
  },
  droppedLines: {
    name: 'claude_log_lines_dropped_total',
    kind: 'counter',
    unit: '{line}',
    help: 'Log lines that could not be written to standard output, by reason',
    labels: { reason: LOG_DROPS },
  },
  signatureChecks: {
    name: 'claude_signature_checks_total',
    kind: 'counter',
    unit: '{request}',
    help: 'Checked signatures of requests, by result',
    labels: { result: SIGNATURE_RESULTS },
  },
  signatureSkew: {
    name: 'claude_signature_skew_seconds',
    kind: 'histogram',
    unit: 's',
    help: "Absolute difference between our clock and the signer's, of requests whose signature is valid or skewed",
    labels: {},
    buckets: SKEW_BUCKETS,
  },
  buildInfo: {
    name: 'claude_build_info',
    kind: 'gauge',
    unit: '1',
    help: 'Always 1; the labels name the running version',
    labels: { version: only('version of the service'), node_version: only('version of Node.js') },
  },
  ...GEN_AI_METRICS,
} as const satisfies Record<string, MetricDefinition>;

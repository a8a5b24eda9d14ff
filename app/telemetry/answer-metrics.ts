/** The metrics of what the API says in its answers: why they ended, why they failed, what is about to change. */
import { type MetricDefinition, MODEL, UPSTREAM } from './metric-definition.ts';
import {
  API_ERROR_CODES,
  API_VERSIONS,
  CACHE_MISS_REASONS,
  REFUSAL_CATEGORIES,
  STOP_REASONS,
} from './vocabulary.ts';

export const ANSWER_METRICS = {
  stopReasons: {
    name: 'claude_api_stop_reasons_total',
    kind: 'counter',
    unit: '{message}',
    help: 'Messages that ended, by the reason that the API gives',
    labels: { model: MODEL, stop_reason: STOP_REASONS },
  },
  refusals: {
    name: 'claude_api_refusals_total',
    kind: 'counter',
    unit: '{message}',
    help: 'Messages that the model refused to write, by category',
    labels: { category: REFUSAL_CATEGORIES },
  },
  errorCodes: {
    name: 'claude_api_error_codes_total',
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts that the API answered with an error that has a code, or has words for one, by code',
    labels: { upstream: UPSTREAM, error_code: API_ERROR_CODES },
  },
  cacheMisses: {
    name: 'claude_api_cache_misses_total',
    kind: 'counter',
    unit: '{message}',
    help: 'Messages that found no entry in the prompt cache, by the reason that the API diagnoses',
    labels: { reason: CACHE_MISS_REASONS },
  },
  versionCalls: {
    name: 'claude_api_version_calls_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls by the version of the API that they ask for',
    labels: { version: API_VERSIONS },
  },
  modelRetirement: {
    name: 'claude_api_model_retirement_timestamp_seconds',
    kind: 'produced_gauge',
    unit: 's',
    help: 'When a configured model retires, the first of its dated versions, seconds since the epoch; absent unless the API says so',
    labels: { model: MODEL },
  },
} as const satisfies Record<string, MetricDefinition>;

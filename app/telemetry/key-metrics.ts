/** The metrics of API keys: their state, age and rate limits, and the reads of their sources. */
import { LIMITS } from '../anthropic/rate-limits.ts';
import {
  type ConfiguredLabel,
  KEY_CALLER,
  KEY_UPSTREAM,
  LIMIT_FAMILY,
  type MetricDefinition,
} from './metric-definition.ts';
import { KEY_STATES, SOURCE_FAILURES } from './vocabulary.ts';

/** A retiring key has its alias with `-old`. */
const KEY: ConfiguredLabel = {
  text: 'aliases of the keys in their source, at most 16; …-old while a key retires',
  count: () => 32,
};
const KEY_OWNER = { upstream: KEY_UPSTREAM, caller: KEY_CALLER } as const;

export const KEY_METRICS = {
  keyState: {
    name: 'claude_api_key_state',
    kind: 'produced_gauge',
    unit: '1',
    help: '1 for the current state of an API key, 0 for its other states; cooling_down while it rests for any family of models',
    labels: { ...KEY_OWNER, key: KEY, state: KEY_STATES },
  },
  keyAge: {
    name: 'claude_api_key_age_seconds',
    kind: 'produced_gauge',
    unit: 's',
    help: 'Time since this instance first read the key',
    labels: { ...KEY_OWNER, key: KEY },
  },
  keyRotations: {
    name: 'claude_api_key_rotations_total',
    kind: 'counter',
    unit: '{rotation}',
    help: 'Reads of a key source that found other keys than the read before, the first read included',
    labels: KEY_OWNER,
  },
  keySourceUp: {
    name: 'claude_api_key_source_up',
    kind: 'gauge',
    unit: '1',
    help: '0 while a key source cannot be read, else 1; the last good keys stay in use',
    labels: KEY_OWNER,
  },
  keySourceFailures: {
    name: 'claude_api_key_source_failures_total',
    kind: 'counter',
    unit: '{read}',
    help: 'Reads of a key source that failed, by reason',
    labels: { ...KEY_OWNER, reason: SOURCE_FAILURES },
  },
  keyResting: {
    name: 'claude_api_key_resting',
    kind: 'produced_gauge',
    unit: '1',
    help: '1 while an API key rests for a family of models after a 429, else 0; absent until the upstream has reported a limit or a 429 for them',
    labels: { ...KEY_OWNER, key: KEY, model_family: LIMIT_FAMILY },
  },
  rateLimitRemaining: {
    name: 'claude_api_rate_limit_remaining',
    kind: 'produced_gauge',
    unit: '1',
    help: 'Remaining part of a key’s rate limit for a family of models, as the upstream last reported it; all of it once its reset has passed; absent until it was reported',
    labels: { ...KEY_OWNER, key: KEY, model_family: LIMIT_FAMILY, limit: LIMITS },
  },
  rateLimitMax: {
    name: 'claude_api_rate_limit_max',
    kind: 'produced_gauge',
    unit: '1',
    help: 'Size of a key’s rate limit for a family of models, as the upstream last reported it; absent until it has',
    labels: { ...KEY_OWNER, key: KEY, model_family: LIMIT_FAMILY, limit: LIMITS },
  },
} as const satisfies Record<string, MetricDefinition>;

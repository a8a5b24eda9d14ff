/** The metrics of API keys: their state, age and rate limits, and the reads of their sources. */
import { FAMILIES } from '../anthropic/rate-limits.ts';
import {
  type ConfiguredLabel,
  KEY_CALLER,
  KEY_UPSTREAM,
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
    help: '1 for the current state of an API key, 0 for its other states',
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
  rateLimitRemaining: {
    name: 'claude_api_rate_limit_remaining',
    kind: 'produced_gauge',
    unit: '1',
    help: 'Remaining part of a key’s rate limit, as the upstream last reported it; all of it once its reset has passed; absent until it was reported',
    labels: { ...KEY_OWNER, key: KEY, family: FAMILIES },
  },
  rateLimitMax: {
    name: 'claude_api_rate_limit_max',
    kind: 'produced_gauge',
    unit: '1',
    help: 'Size of a key’s rate limit, as the upstream last reported it; absent until it has',
    labels: { ...KEY_OWNER, key: KEY, family: FAMILIES },
  },
} as const satisfies Record<string, MetricDefinition>;

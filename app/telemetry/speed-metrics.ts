/** The metrics of speed as users of a stream feel it. */
import { type MetricDefinition, MODEL } from './metric-definition.ts';

/** Seconds; the objective for the first token lies on an edge. */
const FIRST_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 60, 300];
/** Seconds. Beyond 30 s of silence, callers begin to give up. */
const GAP_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300];
/** Tokens a second. */
const RATE_BUCKETS = [1, 10, 20, 40, 60, 80, 100, 150, 300];

export const SPEED_METRICS = {
  timeToFirstEvent: {
    name: 'claude_api_time_to_first_event_seconds',
    kind: 'histogram',
    unit: 's',
    help: "Time from the caller's request to the first event of a stream",
    labels: {},
    buckets: FIRST_BUCKETS,
  },
  timeToFirstToken: {
    name: 'claude_api_time_to_first_token_seconds',
    kind: 'histogram',
    unit: 's',
    help: "Time from the caller's request to the first content of a stream, thinking included",
    labels: { model: MODEL },
    buckets: FIRST_BUCKETS,
  },
  timeToFirstText: {
    name: 'claude_api_time_to_first_text_seconds',
    kind: 'histogram',
    unit: 's',
    help: "Time from the caller's request to the first visible text of a stream, which thinking delays",
    labels: { model: MODEL },
    buckets: FIRST_BUCKETS,
  },
  outputRate: {
    name: 'claude_api_output_tokens_per_second',
    kind: 'histogram',
    unit: '{token}/s',
    help: 'Output tokens of the text and tool inputs of a stream, without thinking, by the time between its pieces of them; of whole streams, at least 10 tokens in at least 100 ms',
    labels: { model: MODEL },
    buckets: RATE_BUCKETS,
  },
  longestGap: {
    name: 'claude_api_stream_longest_gap_seconds',
    kind: 'histogram',
    unit: 's',
    help: 'Longest time between two events inside a stream',
    labels: {},
    buckets: GAP_BUCKETS,
  },
} as const satisfies Record<string, MetricDefinition>;

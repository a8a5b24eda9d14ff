/** Alerts on what upstreams do to calls: limits, retries, circuits, failover, broken streams. */
import { thresholds } from '../../../slo.ts';
import type { Alert } from '../alert.ts';
import { all, part, series } from './expressions.ts';

const RATE_LIMIT = 'job, upstream, caller, key, model_family, limit';
const CALLS = `sum by (job) (increase(${part('attemptsPerCall', 'count')}[10m]))`;
const ATTEMPTS = `sum by (job) (increase(${part('attemptsPerCall', 'sum')}[10m]))`;
const FAILOVERS = `sum by (job, upstream) (increase(${series('failovers')}[10m]))`;
const NOT_CLOSED = `avg_over_time(${series('circuit', 'state="closed"')}[5m]) < ${thresholds.circuitClosedRatio}`;
const streams = (outcome: string) =>
  `sum by (job) (increase(${series('requests', `stream="true"${outcome}`)}[10m]))`;

export const UPSTREAM_CAUSES: readonly Alert[] = [
  {
    alert: 'ClaudeRateLimitNearlyUsedUp',
    severity: 'ticket',
    because: 'Calls are still served; 429s come next, and more of a limit takes days to get.',
    // The median, because one reset within the window shows a full limit for a moment.
    expr: `min by (${RATE_LIMIT}) (quantile_over_time(0.5, ${series('rateLimitRemaining')}[10m]) / ${series('rateLimitMax')}) < ${thresholds.rateLimitRemainingRatio}`,
    for: '5m',
    keepFiringFor: '10m',
    summary:
      '{{ $value | humanizePercentage }} of the {{ $labels.limit }} limit left: {{ $labels.model_family }}, key {{ $labels.key }} of {{ $labels.caller }}, upstream {{ $labels.upstream }}',
    description:
      'For most of the last 10 minutes this limit was nearly used up. Once it is, calls of this model family get 429 until the reset, or wait in back-off.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeRetriesAmplifying',
    severity: 'ticket',
    because: 'Retries hide the failures from callers, and load an upstream that is already unwell.',
    expr: all(
      `${ATTEMPTS} / ${CALLS} > ${thresholds.attemptsPerCall}`,
      `${CALLS} >= ${thresholds.minimumCalls}`,
    ),
    for: '10m',
    summary: '{{ $value | printf "%.2f" }} attempts per call on {{ $labels.job }}',
    description:
      'Each call takes more attempts than it should, retries and failover included. Callers see slower answers, not errors, until the retry budget is empty.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeRetryBudgetEmpty',
    severity: 'ticket',
    because:
      'Over a third of the attempts fail and none is retried; what users feel pages by itself.',
    // The gauge would stay at 0 after the last call; what was refused says that it matters.
    expr: `sum by (job) (increase(${series('retriesRefused', 'reason="budget"')}[5m])) >= ${thresholds.minimumFailures}`,
    for: '2m',
    keepFiringFor: '5m',
    summary:
      '{{ $value | printf "%.0f" }} failed calls in 5 minutes were not retried on {{ $labels.job }}',
    description:
      'The retry budget is used up, so failures that a retry might have saved reach callers. That is meant: retries would multiply the load of an outage.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeCircuitOpen',
    severity: 'ticket',
    because: 'Another upstream carries the calls; where none does, availability pages.',
    // Half-open counts as open, or hanging probes would hide it. Without attempts nobody is there to probe.
    expr: all(
      `count by (job, upstream) (${NOT_CLOSED})`,
      `sum by (job, upstream) (increase(${series('attempts')}[5m])) > 0`,
    ),
    for: '2m',
    keepFiringFor: '5m',
    summary:
      'The circuit of {{ $labels.upstream }} is open on {{ $value }} instances of {{ $labels.job }}',
    description:
      'At least one instance sends this upstream only probes, and they fail. Calls go to the other upstreams; with none left they get 503.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeFailoverInUse',
    severity: 'info',
    because: 'Callers are served; it explains slower answers and the load of another upstream.',
    expr: all(
      `${FAILOVERS} / on (job) group_left () ${CALLS} > ${thresholds.failoverRatio}`,
      `${FAILOVERS} >= ${thresholds.minimumFailures}`,
    ),
    for: '10m',
    summary:
      '{{ $value | humanizePercentage }} of the calls on {{ $labels.job }} failed over to {{ $labels.upstream }}',
    description:
      'Calls whose first upstream failed are answered by this one. Once the circuit of the first is open they go here directly and are no longer counted: then ClaudeCircuitOpen speaks.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeStreamsTruncated',
    severity: 'ticket',
    because: 'Users see answers break off; callers have to ask again and pay twice.',
    expr: all(
      `${streams(',outcome="truncated"')} / ${streams('')} > ${thresholds.truncatedRatio}`,
      `${streams(',outcome="truncated"')} >= ${thresholds.minimumFailures}`,
    ),
    for: '5m',
    keepFiringFor: '5m',
    summary: '{{ $value | humanizePercentage }} of the streams on {{ $labels.job }} broke off',
    description:
      'Streams end before message_stop, after content was passed on, so no retry can hide it. The callers get an error event.',
    dashboard: 'claude-calls',
  },
];

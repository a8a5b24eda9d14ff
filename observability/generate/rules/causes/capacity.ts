/** Alerts on the service's own capacity: connections, queue, event loop, memory, bugs. */
import { slo, thresholds } from '../../../slo.ts';
import type { Alert } from '../alert.ts';
import { all, grown, series } from './expressions.ts';

const pool = (state: string) =>
  `sum by (job, instance) (avg_over_time(${series('pool', `state="${state}"`)}[5m]))`;
const SHED = `sum by (job) (increase(${series('requests', 'outcome="shed"')}[10m]))`;
const CALLS = `sum by (job) (increase(${series('requests')}[10m]))`;
const OURS = `job="${slo.jobs.service}"`;

export const CAPACITY_CAUSES: readonly Alert[] = [
  {
    alert: 'ClaudePoolNearLimit',
    severity: 'ticket',
    because:
      'Calls are still served; beyond the limit they wait for a connection, then for a slot, then they are shed.',
    expr: `(${pool('open')} - ${pool('free')}) / on (job, instance) ${series('poolLimit')} > ${thresholds.poolUsedRatio}`,
    for: '5m',
    summary:
      '{{ $value | humanizePercentage }} of the upstream connections are in use on {{ $labels.instance }} ({{ $labels.job }})',
    description:
      'The number of concurrent connections, averaged over 5 minutes, is close to what the pool allows. It takes calls per second times seconds per call of them: slower answers need more.',
    dashboard: 'claude-service',
  },
  {
    alert: 'ClaudePoolExhausted',
    severity: 'ticket',
    because:
      'Calls wait for a connection, which is our own delay; overhead and shedding page if it grows.',
    expr: `sum by (job, instance) (min_over_time(${series('pool', 'state="pending"')}[5m])) > 0`,
    for: '5m',
    summary:
      '{{ $value }} requests wait for a connection at all times on {{ $labels.instance }} ({{ $labels.job }})',
    description:
      'Requests waited at every scrape of 5 minutes. The limit holds for each upstream, so the whole pool may look far from full.',
    dashboard: 'claude-service',
  },
  {
    alert: 'ClaudeQueueFull',
    severity: 'ticket',
    because:
      'Calls wait up to a second for a slot; the next ones are shed, which availability counts.',
    expr: `avg_over_time(${series('admission', 'state="queued"')}[5m]) / on (job, instance) ${series('admissionLimit', 'state="queued"')} > ${thresholds.queueUsedRatio}`,
    for: '5m',
    summary:
      'The queue for slots is {{ $value | humanizePercentage }} full on {{ $labels.instance }} ({{ $labels.job }})',
    description:
      'All slots are taken and calls wait. Paused calls that resume come first, so the value may exceed 100 %.',
    dashboard: 'claude-service',
  },
  {
    alert: 'ClaudeCallsShed',
    severity: 'ticket',
    because: 'Callers get 503 at once and retry; availability pages when it burns the budget.',
    expr: all(
      `${SHED} / ${CALLS} > ${thresholds.shedRatio}`,
      `${SHED} >= ${thresholds.minimumFailures}`,
    ),
    for: '5m',
    summary: '{{ $value | humanizePercentage }} of the calls are shed on {{ $labels.job }}',
    description:
      'The service refuses calls because it is at its concurrency limit, because no more bodies fit into its memory, or because an instance stops.',
    dashboard: 'claude-service',
  },
  {
    alert: 'ClaudeInternalErrors',
    severity: 'ticket',
    because: 'It is a bug of ours, whatever the share of the calls that it hits.',
    // Only those of messages are there from the start.
    expr: `sum by (job) (${grown(series('requests'), 'outcome="internal_error"', '10m')}) > 0`,
    for: '1m',
    keepFiringFor: '30m',
    summary:
      '{{ $value | printf "%.0f" }} calls in 10 minutes failed by our own fault on {{ $labels.job }}',
    description: 'Calls end with 500 and a log line at level error that has the stack.',
    dashboard: 'claude-service',
  },
  {
    alert: 'EventLoopLagging',
    severity: 'ticket',
    because: 'Every call on the instance is late by this much, streams at every event.',
    expr: `avg_over_time(nodejs_eventloop_delay_p99{${OURS}}[5m]) > ${thresholds.eventLoopDelaySeconds}`,
    for: '5m',
    summary:
      'The event loop of {{ $labels.instance }} is {{ $value | humanizeDuration }} late ({{ $labels.job }})',
    description:
      'The P99 of the event loop delay, averaged over 5 minutes. Something computes for long without a pause, or the CPU is throttled.',
    dashboard: 'claude-service',
  },
  {
    alert: 'MemoryNearLimit',
    severity: 'ticket',
    because: 'The next large bodies may have the process killed, which cuts every stream on it.',
    expr: `avg_over_time(process_resident_memory_bytes{${OURS}}[5m]) / ${series('memoryLimit')} > ${thresholds.memoryUsedRatio}`,
    for: '10m',
    summary:
      '{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory ({{ $labels.job }})',
    description:
      'Resident memory against the limit of the container, or against all memory of the machine where there is none.',
    dashboard: 'claude-service',
  },
];

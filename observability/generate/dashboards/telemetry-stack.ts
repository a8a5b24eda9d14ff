/** The part of the dashboard of telemetry that shows the collector, Prometheus and Alertmanager. */
import { thresholds } from '../../slo.ts';
import { above, below, type RowSpec } from './panel-spec.ts';
import { highest, rate, series, sum } from './queries.ts';

export const STACK_ROWS: readonly RowSpec[] = [
  {
    title: 'The collector',
    panels: [
      {
        kind: 'lines',
        title: 'What it gets',
        description:
          'Spans and lines a second that the collector accepts, and those that it refuses because its memory is full.',
        unit: 'cps',
        width: 8,
        min: 0,
        queries: [
          { expr: rate('otelcol_receiver_accepted_spans'), legend: 'spans' },
          { expr: rate('otelcol_receiver_accepted_log_records'), legend: 'lines' },
          { expr: rate('otelcol_receiver_refused_spans'), legend: 'spans refused' },
          { expr: rate('otelcol_receiver_refused_log_records'), legend: 'lines refused' },
        ],
        noValue: 'the collector is not scraped',
      },
      {
        kind: 'lines',
        title: 'Queues',
        description:
          'The part of each exporter’s queue that is taken. A queue that fills has a backend that is away or too slow.',
        unit: 'percentunit',
        width: 8,
        min: 0,
        max: 1,
        queries: [
          {
            expr: `max by (exporter, data_type) (${series('otelcol_exporter_queue_size')} / ${series('otelcol_exporter_queue_capacity')})`,
            legend: '{{exporter}} {{data_type}}',
          },
        ],
        limit: above(thresholds.collectorQueueUsedRatio),
        noValue: 'the collector is not scraped',
      },
      {
        kind: 'lines',
        title: 'What it lost',
        description:
          'Spans and lines a second that did not fit into a queue, or that no retry could deliver.',
        unit: 'cps',
        width: 8,
        min: 0,
        queries: ['spans', 'log_records', 'metric_points'].flatMap((what) => [
          {
            expr: rate(`otelcol_exporter_enqueue_failed_${what}`, ['exporter']),
            legend: `{{exporter}}: ${what}, queue full`,
          },
          {
            expr: rate(`otelcol_exporter_send_failed_${what}`, ['exporter']),
            legend: `{{exporter}}: ${what}, not delivered`,
          },
        ]),
        noValue: 'nothing lost',
      },
      {
        kind: 'lines',
        title: 'Traces kept and dropped',
        description:
          'What the tail sampling decided, and traces that were dropped before it could, because too many were waiting.',
        unit: 'cps',
        width: 12,
        min: 0,
        queries: [
          {
            expr: rate('otelcol_processor_tail_sampling_global_count_traces_sampled', ['decision']),
            legend: '{{decision}}',
          },
          {
            expr: rate('otelcol_processor_tail_sampling_sampling_trace_dropped_too_early'),
            legend: 'dropped too early',
          },
        ],
        noValue: 'the collector is not scraped',
      },
      {
        kind: 'lines',
        title: 'Memory of the collector',
        description: 'Near its limit the collector refuses what it gets, and the service drops it.',
        unit: 'bytes',
        width: 12,
        min: 0,
        queries: [
          { expr: highest('otelcol_process_memory_rss', ['instance']), legend: '{{instance}}' },
        ],
        noValue: 'the collector is not scraped',
      },
    ],
  },
  {
    title: 'Prometheus and Alertmanager',
    panels: [
      {
        kind: 'lines',
        title: 'Rules that failed or came late',
        description:
          'Evaluations that failed, and groups that were skipped. Each is an alert that may not have fired.',
        unit: 'cps',
        width: 8,
        min: 0,
        queries: [
          {
            expr: rate('prometheus_rule_evaluation_failures_total', ['rule_group']),
            legend: 'failed: {{rule_group}}',
          },
          {
            expr: rate('prometheus_rule_group_iterations_missed_total', ['rule_group']),
            legend: 'missed: {{rule_group}}',
          },
        ],
        noValue: 'Prometheus does not scrape itself',
      },
      {
        kind: 'lines',
        title: 'Notifications lost',
        description:
          'Alerts that Prometheus could not hand to Alertmanager, and notifications that Alertmanager could not deliver. Nobody hears of them otherwise.',
        unit: 'cps',
        width: 8,
        min: 0,
        queries: [
          { expr: rate('prometheus_notifications_dropped_total'), legend: 'Prometheus dropped' },
          {
            expr: rate('prometheus_notifications_errors_total', ['alertmanager']),
            legend: 'errors: {{alertmanager}}',
          },
          {
            expr: rate('alertmanager_notifications_failed_total', ['integration']),
            legend: 'failed: {{integration}}',
          },
        ],
        noValue: 'not scraped',
      },
      {
        kind: 'stat',
        title: 'Configuration',
        description:
          'Whether the last reading of the configuration worked. If not, the old one runs on until the next restart, which then fails.',
        unit: 'short',
        width: 4,
        height: 8,
        queries: [
          {
            expr: `min(${series('prometheus_config_last_reload_successful')})`,
            legend: 'Prometheus',
          },
          {
            expr: `min(${series('alertmanager_config_last_reload_successful')})`,
            legend: 'Alertmanager',
          },
        ],
        words: { '0': { text: 'broken', color: 'red' }, '1': { text: 'good', color: 'green' } },
        limit: below(1),
        noValue: 'not scraped',
      },
      {
        kind: 'lines',
        title: 'Alerts',
        description:
          'Alerts that Alertmanager holds. `suppressed` are silenced, or inhibited by a page.',
        unit: 'short',
        width: 4,
        min: 0,
        queries: [{ expr: sum('alertmanager_alerts', ['state']), legend: '{{state}}' }],
        noValue: 'not scraped',
      },
    ],
  },
];

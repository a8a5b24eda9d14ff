/** The telemetry's own health: what is lost on the way, and whether the watchers themselves are watched. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { thresholds } from '../../slo.ts';
import type { DashboardSpec } from './dashboard.ts';
import { above, below, type RowSpec } from './panel-spec.ts';
import { rate, series, sum } from './queries.ts';
import { STACK_ROWS } from './telemetry-stack.ts';

const SCRAPES: RowSpec = {
  panels: [
    {
      kind: 'stat',
      title: 'Targets down',
      description:
        'Targets that Prometheus cannot scrape. Whatever they do, no panel shows it and no alert fires for it.',
      unit: 'short',
      height: 8,
      filled: true,
      queries: [{ expr: `count(${series('up')} == 0) or 0 * count(${series('up')})`, legend: '' }],
      limit: above(1),
      noValue: 'no target at all',
    },
    {
      kind: 'table',
      title: 'Targets',
      description: 'Every target with its last scrape: 1 has worked, 0 has not.',
      unit: 'short',
      width: 10,
      queries: [{ expr: series('up'), legend: '' }],
      columns: { job: 'Job', component: 'Component', instance: 'Instance' },
      value: 'Up',
      limit: below(1),
      noValue: 'no target at all',
    },
    {
      kind: 'lines',
      title: 'Series by target',
      description: `What each scrape brings. The service shall stay below ${thresholds.seriesPerInstance} an instance; a climbing line is a label that is not bounded.`,
      unit: 'short',
      width: 8,
      min: 0,
      queries: [
        {
          expr: `max by (job, instance) (${series('scrape_samples_post_metric_relabeling')})`,
          legend: '{{job}} {{instance}}',
        },
      ],
      limit: above(thresholds.seriesPerInstance),
      noValue: 'no target at all',
    },
    {
      kind: 'lines',
      title: 'Duration of scrapes',
      description:
        'A scrape that takes longer than its interval leaves gaps, and rates become wrong.',
      unit: 's',
      width: 12,
      min: 0,
      queries: [
        {
          expr: `max by (job, instance) (${series('scrape_duration_seconds')})`,
          legend: '{{job}} {{instance}}',
        },
      ],
      noValue: 'no target at all',
    },
    {
      kind: 'lines',
      title: 'Series in Prometheus',
      description: 'All that is in memory. Each costs a few kilobytes of it.',
      unit: 'short',
      width: 12,
      min: 0,
      queries: [{ expr: sum('prometheus_tsdb_head_series', ['instance']), legend: '{{instance}}' }],
      noValue: 'Prometheus does not scrape itself',
    },
  ],
};

const SERVICE: RowSpec = {
  title: 'The service',
  panels: [
    {
      kind: 'lines',
      title: 'Queue of spans',
      description:
        'The part of the queue that waits for the collector. What does not fit is dropped and counted.',
      unit: 'percentunit',
      width: 8,
      min: 0,
      max: 1,
      queries: [
        {
          expr: `max by (instance) (${series('otel_sdk_processor_span_queue_size')} / ${series('otel_sdk_processor_span_queue_capacity')})`,
          legend: '{{instance}}',
        },
      ],
      limit: above(thresholds.collectorQueueUsedRatio),
      noValue: 'no trace exporter',
    },
    {
      kind: 'lines',
      title: 'Spans and lines that the service lost',
      description:
        'By the reason. Spans are lost when the collector is away or too slow; calls never wait for it.',
      unit: 'cps',
      width: 8,
      min: 0,
      queries: [
        {
          expr: rate('otel_sdk_processor_span_processed_total', ['error_type'], 'error_type!=""'),
          legend: 'spans: {{error_type}}',
        },
        {
          expr: rate('otel_sdk_processor_log_processed_total', ['error_type'], 'error_type!=""'),
          legend: 'lines: {{error_type}}',
        },
      ],
      noValue: 'none lost',
    },
    {
      kind: 'lines',
      title: 'Log lines dropped',
      description:
        'Lines that could not be written to standard output, because nobody reads it or the disk is full.',
      unit: 'cps',
      width: 8,
      min: 0,
      queries: [{ expr: rate(METRICS.droppedLines, ['reason']), legend: '{{reason}}' }],
      noValue: 'not scraped',
    },
  ],
};

export const TELEMETRY_DASHBOARD: DashboardSpec = {
  uid: 'claude-telemetry',
  title: 'Claude: telemetry health',
  description: 'What is lost on the way, and are the watchers themselves watched?',
  from: 'now-1h',
  refresh: '1m',
  targets: 'all',
  rows: [SCRAPES, SERVICE, ...STACK_ROWS],
};

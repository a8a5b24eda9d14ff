/** Alerts on the telemetry: whether what the other alerts read can be trusted. */
import { slo, thresholds } from '../../../slo.ts';
import type { Alert } from '../alert.ts';
import { grown, OF_STACK, series } from './expressions.ts';

const OURS = `job="${slo.jobs.service}"`;
const STACK = `job=~"${slo.jobs.service}|${slo.jobs.stack}"`;

/** Union of counters that differ in their names alone, each under a label that says what was lost. */
function union(label: string, counters: Readonly<Record<string, string>>): string {
  return Object.entries(counters)
    .map(([value, expr]) => `label_replace(${expr}, "${label}", "${value}", "", "")`)
    .join(' or ');
}

const ofProcessor = (signal: 'span' | 'log') =>
  `sum by (job, error_type) (${grown(`otel_sdk_processor_${signal}_processed_total`, `error_type!="",${OURS}`, '10m')}) > 0`;
const collector = (by: string, name: string) =>
  `sum by (job, ${by}) (${grown(`otelcol_${name}`, OF_STACK, '10m')})`;
const LOST = ['spans', 'log_records', 'metric_points'];
const lost = Object.fromEntries(
  LOST.map((items) => [
    items,
    ['send', 'enqueue']
      .map((why) => collector('exporter', `exporter_${why}_failed_${items}`))
      .reduce((sent, queued) => `(${sent} > 0 or ${queued} > 0)`),
  ]),
);
const refused = Object.fromEntries(
  LOST.map((items) => [items, `${collector('receiver', `receiver_refused_${items}`)} > 0`]),
);

export const TELEMETRY_CAUSES: readonly Alert[] = [
  {
    alert: 'MetricLabelsOverflowing',
    severity: 'ticket',
    because:
      'Further label values share one series until the restart, so sums hold and their parts lie.',
    expr: `count by (job, metric) (label_replace({otel_metric_overflow="true",${OURS}}, "metric", "$1", "__name__", "(.+)"))`,
    for: '5m',
    summary:
      '{{ $labels.metric }} has more label values than the SDK keeps on {{ $labels.job }} ({{ $value }} series)',
    description:
      'A label takes values that no allow-list bounds. Find what put them there; a restart clears the series.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'SeriesTooMany',
    severity: 'ticket',
    because: 'Nothing fails yet; Prometheus’ memory and the bill of a hosted one grow with it.',
    expr: `scrape_samples_post_metric_relabeling{${OURS}} > ${thresholds.seriesPerInstance}`,
    for: '15m',
    summary:
      '{{ $labels.instance }} exposes {{ $value | printf "%.0f" }} series ({{ $labels.job }})',
    description:
      'One instance exposes more series than it should with the largest configuration that was measured.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'ServiceTelemetryDropped',
    severity: 'ticket',
    because: 'Calls are served; the next incident will lack spans or log lines.',
    expr: union('lost', { spans: ofProcessor('span'), lines: ofProcessor('log') }),
    for: '5m',
    keepFiringFor: '10m',
    summary:
      '{{ $value | printf "%.0f" }} {{ $labels.lost }} were lost in 10 minutes on {{ $labels.job }}: {{ $labels.error_type }}',
    description:
      'The service could not export them: queue_full means faster than the exporter sends, any other error that the collector did not take them.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'LogLinesDropped',
    severity: 'ticket',
    because: 'Calls are served; lines that somebody will look for are gone.',
    expr: `sum by (job, reason) (increase(${series('droppedLines')}[10m])) > 0`,
    for: '5m',
    keepFiringFor: '10m',
    summary:
      '{{ $value | printf "%.0f" }} log lines could not be written in 10 minutes on {{ $labels.job }}: {{ $labels.reason }}',
    description:
      'Standard output takes lines more slowly than they come, or whoever read it is gone, or the disk is full.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'CollectorTelemetryRefused',
    severity: 'ticket',
    because: 'Senders try again for a while, and then what they hold is lost.',
    expr: union('refused', refused),
    for: '5m',
    keepFiringFor: '10m',
    summary:
      'The collector refused {{ $value | printf "%.0f" }} {{ $labels.refused }} in 10 minutes ({{ $labels.receiver }}, {{ $labels.job }})',
    description:
      'Its memory limiter refuses data, or the queue behind a pipeline without sampling is full.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'CollectorTelemetryDropped',
    severity: 'ticket',
    because: 'Calls are served; traces, lines or exemplars of this time are gone for good.',
    expr: union('lost', lost),
    for: '5m',
    keepFiringFor: '10m',
    summary:
      'The collector lost {{ $value | printf "%.0f" }} {{ $labels.lost }} in 10 minutes ({{ $labels.exporter }}, {{ $labels.job }})',
    description:
      'A backend does not take data for longer than the exporter tries again, or its queue is full.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'CollectorQueueFilling',
    severity: 'ticket',
    because: 'Nothing is lost yet; when the queue is full, everything is.',
    expr: `max by (job, exporter, data_type) (avg_over_time(otelcol_exporter_queue_size{${OF_STACK}}[5m]) / otelcol_exporter_queue_capacity) > ${thresholds.collectorQueueUsedRatio}`,
    for: '5m',
    summary:
      'The queue of {{ $labels.exporter }} for {{ $labels.data_type }} is {{ $value | humanizePercentage }} full ({{ $labels.job }})',
    description: 'The backend takes data more slowly than it comes.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'CollectorTracesDroppedEarly',
    severity: 'ticket',
    because: 'Traces with errors may be among them, which sampling promises to keep.',
    expr: `${collector('instance', 'processor_tail_sampling_sampling_trace_dropped_too_early')} > 0`,
    for: '5m',
    keepFiringFor: '10m',
    summary:
      'The collector dropped {{ $value | printf "%.0f" }} traces before they were judged in 10 minutes ({{ $labels.instance }}, {{ $labels.job }})',
    description: 'More traces are open at once than num_traces allows, so the oldest go unsampled.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'ScrapeTargetAbsent',
    severity: 'page',
    because: 'Every alert on the service is blind, and silence looks like health.',
    expr: `absent(up{${OURS}}) or sum by (job) (up{${OURS}}) == 0`,
    for: '5m',
    summary: 'No instance of {{ $labels.job }} can be scraped',
    description:
      'Either no target is discovered, or none of them answers. Users may be fine; nobody would know.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'ScrapeTargetDown',
    severity: 'ticket',
    because: 'The rest is still seen; what this one would say is missing in every sum.',
    expr: `up{${STACK}} == 0`,
    for: '5m',
    summary:
      '{{ $labels.instance }} of {{ $labels.job }} cannot be scraped{{ with $labels.component }} ({{ . }}){{ end }}',
    description:
      'The target is discovered and does not answer. Look at its last error on the page Targets of Prometheus.',
    dashboard: 'claude-telemetry',
  },
  {
    alert: 'InstanceRestarting',
    severity: 'ticket',
    because:
      'Each restart cuts the streams that run on the instance; availability counts only what it could still report.',
    expr: `changes(process_start_time_seconds{${OURS}}[1h]) >= ${thresholds.restartsPerHour}`,
    for: '1m',
    summary: '{{ $labels.instance }} started {{ $value }} times in an hour ({{ $labels.job }})',
    description:
      'The process ends and is started again. A rollout makes new instances and is not counted where their addresses are new.',
    dashboard: 'claude-service',
  },
];

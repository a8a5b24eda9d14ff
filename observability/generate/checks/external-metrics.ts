/**
 * The metrics that panels and rules read and that are not of the service's catalogue, each with its labels. Read
 * from the `/metrics` of the versions that the stack runs, and where it says so from the source of a program.
 */

/** The labels of a metric beside `job` and `instance`. */
type Labels = readonly string[];
type Group = Readonly<Record<string, Labels>>;

/** Prometheus adds these to every target; `component` is a label of targets/stack.json. */
const SCRAPES: Group = {
  up: ['component'],
  scrape_duration_seconds: ['component'],
  scrape_samples_post_metric_relabeling: ['component'],
};

/** https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/, and the labels of our alerts */
const ALERTS: Group = {
  ALERTS: ['alertname', 'alertstate', 'severity', 'kind', 'pack'],
};

/** @opentelemetry/instrumentation-http: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
const HTTP_LABELS = ['http_response_status_code', 'http_route'];

/** @opentelemetry/instrumentation-runtime-node and the SDK's own metrics, exported without unit suffixes. */
const RUNTIME: Group = {
  ...histogram('http_server_request_duration', HTTP_LABELS),
  nodejs_eventloop_delay_p99: [],
  nodejs_eventloop_utilization: [],
  ...histogram('v8js_gc_duration', ['v8js_gc_type']),
  v8js_memory_heap_used: ['v8js_heap_space_name'],
  otel_sdk_processor_span_queue_size: ['otel_component_type', 'otel_component_name'],
  otel_sdk_processor_span_queue_capacity: ['otel_component_type', 'otel_component_name'],
  otel_sdk_processor_span_processed_total: [
    ...['otel_component_type', 'otel_component_name', 'error_type'],
  ],
  otel_sdk_processor_log_processed_total: [
    ...['otel_component_type', 'otel_component_name', 'error_type'],
  ],
};

/** The collector's span_metrics make it of kept spans: observability/collector/config.yaml. */
const EXEMPLARS: Group = histogram('traces_span_metrics_duration_seconds', [
  'gen_ai_operation_name',
  'claude_outcome',
  'span_kind',
]);

/** The collector 0.160, which adds no suffix to its own counters. */
const COLLECTOR: Group = {
  otelcol_receiver_accepted_spans: ['receiver', 'transport'],
  otelcol_receiver_accepted_log_records: ['receiver', 'transport'],
  otelcol_receiver_refused_spans: ['receiver', 'transport'],
  otelcol_receiver_refused_log_records: ['receiver', 'transport'],
  otelcol_receiver_refused_metric_points: ['receiver', 'transport'],
  otelcol_exporter_queue_size: ['exporter', 'data_type'],
  otelcol_exporter_queue_capacity: ['exporter', 'data_type'],
  ...Object.fromEntries(
    ['spans', 'log_records', 'metric_points'].flatMap((what) => [
      [`otelcol_exporter_enqueue_failed_${what}`, ['exporter']],
      [`otelcol_exporter_send_failed_${what}`, ['exporter']],
    ]),
  ),
  otelcol_processor_tail_sampling_global_count_traces_sampled: ['decision', 'sampled'],
  otelcol_processor_tail_sampling_sampling_trace_dropped_too_early: [],
  otelcol_process_memory_rss: [],
};

/** Prometheus 2.42 and 3.14, Alertmanager 0.31. */
const WATCHERS: Group = {
  prometheus_tsdb_head_series: [],
  prometheus_rule_evaluation_failures_total: ['rule_group'],
  prometheus_rule_group_iterations_missed_total: ['rule_group'],
  prometheus_notifications_alertmanagers_discovered: [],
  prometheus_notifications_dropped_total: [],
  prometheus_notifications_errors_total: ['alertmanager'],
  prometheus_config_last_reload_successful: [],
  alertmanager_config_last_reload_successful: [],
  alertmanager_notifications_failed_total: ['integration', 'reason'],
  alertmanager_alerts: ['state'],
};

/** loadtest/simulator/metrics.ts */
const SIMULATOR: Group = { simulator_fault_active: ['kind', 'region'] };

/**
 * k6 2.3 by `--out experimental-prometheus-rw`, from its source (internal/output/prometheusrw/remotewrite): `k6_`
 * before a name, `_total` after counters, `_rate` after rates, the statistic after trends, times in seconds.
 * Tags become labels. The metrics from `claude_call` on are those of loadtest/scenarios/metrics.ts.
 */
const K6: Group = {
  k6_vus: [],
  k6_vus_max: [],
  k6_iterations_total: ['scenario'],
  k6_dropped_iterations_total: ['scenario'],
  k6_http_reqs_total: ['scenario', 'call_type', 'status'],
  k6_http_req_duration_p99: ['scenario', 'call_type', 'status'],
  k6_claude_calls_total: ['scenario', 'call_type'],
  k6_claude_call_success_rate: ['scenario', 'call_type'],
  k6_claude_call_duration_ms_p99: ['scenario', 'call_type'],
  k6_claude_call_overhead_ms_p99: ['scenario', 'call_type'],
  // These two are of the driver in Node alone.
  k6_claude_call_first_text_ms_p99: ['scenario', 'call_type'],
  k6_claude_call_longest_gap_ms_p99: ['scenario', 'call_type'],
  k6_claude_driver_lag_ms_p99: ['scenario', 'call_type'],
};

/** The labels of every external metric, by its name in Prometheus. */
export const EXTERNAL_METRICS: Group = {
  ...SCRAPES,
  ...ALERTS,
  ...RUNTIME,
  ...EXEMPLARS,
  ...COLLECTOR,
  ...WATCHERS,
  ...SIMULATOR,
  ...K6,
};

function histogram(name: string, labels: Labels): Group {
  return {
    [`${name}_bucket`]: [...labels, 'le'],
    [`${name}_sum`]: labels,
    [`${name}_count`]: labels,
  };
}

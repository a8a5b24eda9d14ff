/** Expressions that cannot have data in a short run on a developer's machine, each with the reason. */

export interface NoData {
  /** A part of the query. */
  readonly query: string;
  readonly because: string;
}

export const NO_DATA: readonly NoData[] = [
  {
    query: 'traces_span_metrics_',
    because:
      'Prometheus 2.42 takes no OTLP, by which the collector sends them; make test-compose proves them with 3.14.',
  },
  {
    query: 'otelcol_receiver_refused_metric_points',
    because:
      'The service sends no metrics to the collector, whose receiver then has no series of them.',
  },
  {
    query: 'otel_metric_overflow',
    because: 'Labels are bounded, so nothing overflows; a case of promtool proves the alert.',
  },
];

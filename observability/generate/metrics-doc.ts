/** Writes `docs/metrics.md` from the catalogue of instruments. */
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import type { MetricDefinition } from '../../app/telemetry/metric-definition.ts';
import { prometheusName, seriesName } from './prometheus-names.ts';

function values(allowed: MetricDefinition['labels'][string]): string {
  return 'text' in allowed ? `*${allowed.text}*` : allowed.join(', ');
}

function section({ name, kind, unit, help, labels, buckets }: MetricDefinition): string {
  const rows = Object.entries(labels).map(
    ([label, allowed]) => `| \`${prometheusName(label)}\` | ${values(allowed)} |`,
  );
  return [
    `## \`${seriesName({ name, kind })}\``,
    '',
    `${help}.`,
    '',
    `${kind.replaceAll('_', ' ')}, unit \`${unit}\`${buckets ? `, buckets ${buckets.join(', ')}` : ''}.`,
    ...(rows.length > 0 ? ['', '| label | values |', '|---|---|', ...rows] : ['', 'No labels.']),
  ].join('\n');
}

/** @returns the text of docs/metrics.md */
export function metricsDoc(): string {
  return [
    '# Metrics',
    '',
    'Every metric of the service: what it counts, its unit, and the values of its labels. Generated from',
    '`app/telemetry/metric-catalogue.ts` by `make generate`; do not edit.',
    '',
    'Names are as they read in Prometheus. Beside these there are the HTTP server and client metrics',
    "(`http_server_request_duration`, `http_client_request_duration`), Node's runtime metrics",
    '(`nodejs_*`, `v8js_*`) and the health of the telemetry itself (`otel_sdk_*`), as their',
    'OpenTelemetry conventions name them.',
    '',
    'An instance shows fewer than 3,000 series ([table](../observability/README.md#series)). So HTTP requests have a',
    'count and a sum by route and status but no buckets, upstreams are told apart by address alone, and of',
    '`gen_ai_*` failed calls, first chunks and chunks have no model',
    '([ADR 28](adr/0028-a-budget-of-series.md)).',
    '',
    Object.values(METRICS).map(section).join('\n\n'),
    '',
  ].join('\n');
}

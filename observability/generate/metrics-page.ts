/** Writes `docs/metrics.md` from the catalogue of instruments. */
import { METRICS, type MetricDefinition } from '../../app/telemetry/metric-catalogue.ts';

/** What the Prometheus exporter does to a name: every other character becomes `_`. */
export function prometheusName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');
}

function values(allowed: readonly string[] | string): string {
  return typeof allowed === 'string' ? `*${allowed}*` : allowed.join(', ');
}

function section({ name, kind, unit, help, labels, buckets }: MetricDefinition): string {
  const rows = Object.entries(labels).map(
    ([label, allowed]) => `| \`${prometheusName(label)}\` | ${values(allowed)} |`,
  );
  return [
    `## \`${prometheusName(name)}\``,
    '',
    `${help}.`,
    '',
    `${kind.replaceAll('_', ' ')}, unit \`${unit}\`${buckets ? `, buckets ${buckets.join(', ')}` : ''}.`,
    ...(rows.length > 0 ? ['', '| label | values |', '|---|---|', ...rows] : ['', 'No labels.']),
  ].join('\n');
}

/** @returns the page's text */
export function metricsPage(): string {
  return [
    '# Metrics',
    '',
    'Generated from `app/telemetry/metrics.ts` by `make generate`; do not edit.',
    '',
    'Names are as they read in Prometheus. Beside these stand the HTTP server and client metrics',
    "(`http_server_request_duration`, `http_client_request_duration`), Node's runtime metrics",
    '(`nodejs_*`, `v8js_*`) and the health of the telemetry itself (`otel_sdk_*`), as their',
    'OpenTelemetry conventions name them.',
    '',
    Object.values(METRICS).map(section).join('\n\n'),
    '',
  ].join('\n');
}

/** The manifests of the pack for Kubernetes with the Prometheus Operator and Grafana's sidecar. */
import { parse, stringify } from 'yaml';
import type { ExportOptions } from './options.ts';

/** A file of the export. */
export interface ExportedFile {
  /** Relative to the export's folder. */
  readonly path: string;
  readonly text: string;
}

const LABELS = {
  'app.kubernetes.io/name': 'claude-observatory',
  'app.kubernetes.io/component': 'observability',
};

/** Expressions stay on one line, as they are copied. */
const toYaml = (value: unknown) => stringify(value, { lineWidth: 0 });

/** A name that Kubernetes accepts. */
const resourceName = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');

/**
 * A PrometheusRule of each rule file.
 * https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule
 */
export function prometheusRules(
  { namespace, labels }: ExportOptions,
  ruleFiles: readonly ExportedFile[],
): ExportedFile[] {
  return ruleFiles.map(({ path, text }) => {
    const file =
      path
        .split('/')
        .at(-1)
        ?.replace(/\.yml$/, '') ?? '';
    const name = `claude-observatory-${resourceName(file)}`;
    return {
      path: `kubernetes/prometheus-rule-${file}.yaml`,
      text: toYaml({
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PrometheusRule',
        metadata: { name, namespace, labels: { ...LABELS, ...labels } },
        spec: parse(text),
      }),
    };
  });
}

/**
 * A PodMonitor that scrapes the port `metrics` of the service's pods.
 * https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
 */
export function podMonitor({ namespace, appNamespace, job, labels }: ExportOptions): ExportedFile {
  const spec = {
    selector: { matchLabels: { 'app.kubernetes.io/name': 'claude-observatory' } },
    ...(appNamespace !== undefined && { namespaceSelector: { matchNames: [appNamespace] } }),
    podMetricsEndpoints: [
      {
        port: 'metrics',
        path: '/metrics',
        interval: '15s',
        scrapeTimeout: '10s',
        // The operator calls a job by namespace and name of the PodMonitor; rules and dashboards go by this one.
        relabelings: [{ action: 'replace', targetLabel: 'job', replacement: job }],
      },
    ],
    // Far more than an instance has: a flood of labels fails the scrape, and ScrapeTargetDown tells.
    sampleLimit: 10_000,
  };
  return {
    path: 'kubernetes/pod-monitor.yaml',
    text: toYaml({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: { name: 'claude-observatory', namespace, labels: { ...LABELS, ...labels } },
      spec,
    }),
  };
}

/** ConfigMaps with a dashboard each, which the sidecar of Grafana's Helm chart finds by their label. */
export function dashboardConfigMaps(
  namespace: string,
  dashboards: readonly ExportedFile[],
): ExportedFile[] {
  return dashboards.map(({ path, text }) => {
    const file = path.split('/').at(-1) ?? '';
    const name = `claude-observatory-dashboard-${resourceName(file.replace(/\.json$/, ''))}`;
    return {
      path: `kubernetes/dashboard-${file.replace(/\.json$/, '.yaml')}`,
      text: toYaml({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name,
          namespace,
          labels: { ...LABELS, grafana_dashboard: '1' },
          annotations: { grafana_folder: 'Claude' },
        },
        data: { [file]: text },
      }),
    };
  });
}

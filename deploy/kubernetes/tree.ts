/**
 * The tree of `make manifests`: the committed folders, and beside them what is made elsewhere in this repository, so that
 * kustomize finds all of it below one root.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { exportedFiles } from '../../observability/export/files.ts';
import type { ExportedFile } from '../../observability/export/kubernetes.ts';
import type { ExportOptions } from '../../observability/export/options.ts';
import { ROOT } from '../../observability/local/paths.ts';
import { slo } from '../../observability/slo.ts';

const COMMITTED = join(ROOT, 'deploy/kubernetes');

/** The folder that puts all others together. */
export const OVERLAY = 'production';

/** By the job by which the rules know what stands around the service. */
function collectorMonitor({
  namespace,
  appNamespace = namespace,
  labels,
}: ExportOptions): ExportedFile {
  const monitor = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { name: 'claude-collector', namespace, labels },
    spec: {
      selector: { matchLabels: { 'app.kubernetes.io/name': 'claude-collector' } },
      namespaceSelector: { matchNames: [appNamespace] },
      podMetricsEndpoints: [
        {
          port: 'metrics',
          interval: '15s',
          scrapeTimeout: '10s',
          relabelings: [
            { action: 'replace', targetLabel: 'job', replacement: slo.jobs.stack.split('|')[0] },
          ],
        },
      ],
    },
  };
  return { path: 'observability/collector-pod-monitor.yaml', text: stringify(monitor) };
}

/** Rules, monitors and dashboards, as `make export` writes them, with a list for kustomize. */
function observability(options: ExportOptions): ExportedFile[] {
  const exported = exportedFiles(options)
    .filter(({ path }) => path.startsWith('kubernetes/'))
    .map(({ path, text }) => ({ path: `observability/${basename(path)}`, text }));
  const files = [...exported, collectorMonitor(options)];
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: files.map(({ path }) => basename(path)),
  };
  return [...files, { path: 'observability/kustomization.yaml', text: stringify(kustomization) }];
}

/** @returns every file of the tree; paths are relative to it */
export function manifestTree(options: ExportOptions): readonly ExportedFile[] {
  const committed = globSync('*/*.{yaml,env}', { cwd: COMMITTED }).toSorted();
  return [
    ...committed.map((path) => ({ path, text: readFileSync(join(COMMITTED, path), 'utf8') })),
    {
      path: 'collector/config.yaml',
      text: readFileSync(join(ROOT, 'observability/collector/config.yaml'), 'utf8'),
    },
    ...observability(options),
  ];
}

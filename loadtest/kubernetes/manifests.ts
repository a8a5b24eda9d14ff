/**
 * The manifests that run a scenario by k6-operator: the script in a ConfigMap, and a TestRun that starts several
 * instances of k6, each with its share of the load. https://grafana.com/docs/k6/latest/set-up/set-up-distributed-k6/
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from '../../observability/local/paths.ts';
import { mostUsers } from '../k6/options.ts';
import { TREND_STATS } from '../node-driver/remote-write.ts';
import type { ManifestOptions } from './options.ts';

/** What a ConfigMap may hold, by the API's limit of 1 MiB, with room for its other fields. */
const MAX_SCRIPT_BYTES = 1_000_000;

const FILE = 'main.js';

/** k6 reckons with 1 to 5 MB for each virtual user, and needs some itself. */
const MB_PER_USER = 5;
const MB_AT_REST = 128;

/** What k6 gets to read the script and to say how many virtual users it has. */
const MB_TO_READ = 256;

/**
 * @param script the k6 script in one file
 * @returns two documents of YAML
 * @throws {RangeError} when the script is too large for a ConfigMap
 */
export function manifests(options: ManifestOptions, script: string): string {
  const bytes = Buffer.byteLength(script);
  if (bytes > MAX_SCRIPT_BYTES) {
    throw new RangeError(`the script has ${bytes} bytes, a ConfigMap takes ${MAX_SCRIPT_BYTES}`);
  }
  const name = `claude-load-${options.settings.scenario.name}`;
  const metadata = {
    name,
    namespace: options.namespace,
    labels: {
      'app.kubernetes.io/name': 'claude-observatory',
      'app.kubernetes.io/component': 'load',
    },
  };
  const documents = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [FILE]: script } },
    { apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', metadata, spec: specOf(options, name) },
  ];
  return documents
    .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

/** What every pod of the run has, also those of the operator, which has no such defaults. */
const POD = {
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 12345,
    runAsGroup: 12345,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  containerSecurityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
};

/** k6 writes logs and archives of the script here. */
const WITH_TMP = {
  volumes: [{ name: 'tmp', emptyDir: {} }],
  volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
};

function specOf(options: ManifestOptions, name: string): object {
  const { settings, parallelism, remoteWriteUrl } = options;
  const users = Math.ceil(mostUsers(settings.scenario) / parallelism);
  const k6 = { ...POD, ...WITH_TMP, image: k6Image() };
  return {
    parallelism,
    script: { configMap: { name, file: FILE } },
    ...(remoteWriteUrl !== undefined && { arguments: '--out experimental-prometheus-rw' }),
    // Left out, it would be a copy of the runner, with its memory. What it is given stands in its arguments: no token.
    initializer: {
      ...k6,
      env: environment({ ...options, tokenSecret: undefined }),
      resources: resources(MB_TO_READ),
    },
    starter: POD,
    runner: { ...k6, env: environment(options), resources: resources(megabytesFor(users)) },
  };
}

function environment(options: ManifestOptions): object[] {
  const { settings, given, parallelism, tokenSecret, remoteWriteUrl } = options;
  const { scenario, target, simulator } = settings;
  const values: Record<string, string> = {
    SCENARIO: scenario.name,
    TARGET: target,
    ...(scenario.faults.length > 0 && { SIMULATOR: simulator }),
    ...given,
    INSTANCES: String(parallelism),
    K6_NO_USAGE_REPORT: 'true',
    ...(remoteWriteUrl !== undefined && {
      K6_PROMETHEUS_RW_SERVER_URL: remoteWriteUrl,
      K6_PROMETHEUS_RW_TREND_STATS: TREND_STATS.join(','),
      K6_PROMETHEUS_RW_STALE_MARKERS: 'true',
    }),
  };
  const token = {
    name: 'TOKEN',
    valueFrom: { secretKeyRef: { name: tokenSecret, key: 'token' } },
  };
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    ...(tokenSecret === undefined ? [] : [token]),
  ];
}

function resources(megabytes: number): object {
  const memory = `${megabytes}Mi`;
  return { requests: { cpu: '1', memory }, limits: { memory } };
}

/** @returns how much memory k6 may need for as many virtual users */
export function megabytesFor(users: number): number {
  return MB_AT_REST + users * MB_PER_USER;
}

/** The image of the Compose stack, which tests hold to the version of k6's types. */
function k6Image(): string {
  return parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')).services.k6.image;
}

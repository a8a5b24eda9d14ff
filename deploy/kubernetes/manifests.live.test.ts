/** Kustomize makes manifests that are valid for Kubernetes and its operators, and that agree with each other. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';
import { settingsSchema } from '../../app/config/settings.ts';
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import { writeFolder } from '../../observability/export/folder.ts';
import { type ExportOptions, readExportOptions } from '../../observability/export/options.ts';
import {
  closed,
  crdSchema,
  kubernetesSchemas,
} from '../../observability/export/testing-schemas.ts';
import { findTool, SCHEMAS_DIR } from '../../observability/local/paths.ts';
import { slo } from '../../observability/slo.ts';
import { kustomize } from './main.ts';
import { manifestTree, OVERLAY } from './tree.ts';

type Labels = Readonly<Record<string, string>>;
// biome-ignore lint/suspicious/noExplicitAny: the schemas say what a resource is
type Resource = { kind: string; metadata: { name: string; namespace?: string }; spec: any };

const program = findTool('kustomize');
const hasSchemas = ['kubernetes.json', 'externalsecrets.yaml'].every((file) =>
  existsSync(join(SCHEMAS_DIR, file)),
);
const skip = program && hasSchemas ? false : 'kustomize or the schemas are not here';

const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function optionsOf(env: Readonly<Record<string, string>>): ExportOptions {
  const read = readExportOptions({ APP_NAMESPACE: 'claude', ...env });
  return 'options' in read ? read.options : assert.fail(read.problems.join());
}

function rendered(): readonly Resource[] {
  if (skip) return [];
  writeFolder(folder, manifestTree(optionsOf({ LABELS: 'release=prometheus' })));
  const text = kustomize(program as string, join(folder, OVERLAY));
  return parseAllDocuments(text).map((document) => document.toJS());
}
const resources = rendered();
const ofKind = (kind: string) => resources.filter((one) => one.kind === kind);
const one = (kind: string, name: string): Resource =>
  ofKind(kind).find(({ metadata }) => metadata.name === name) ?? assert.fail(`${kind} ${name}`);

const TYPES: Readonly<Record<string, string>> = {
  Namespace: 'io.k8s.api.core.v1.Namespace',
  ConfigMap: 'io.k8s.api.core.v1.ConfigMap',
  Service: 'io.k8s.api.core.v1.Service',
  Deployment: 'io.k8s.api.apps.v1.Deployment',
  PodDisruptionBudget: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  NetworkPolicy: 'io.k8s.api.networking.v1.NetworkPolicy',
};
const OPERATORS: Readonly<Record<string, string>> = {
  PrometheusRule: 'prometheusrules',
  PodMonitor: 'podmonitors',
  ScaledObject: 'scaledobjects',
  ExternalSecret: 'externalsecrets',
};
const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

function validator() {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(closed(kubernetesSchemas()), 'kubernetes');
  const metadata = { $ref: `kubernetes#/$defs/${METADATA}` };
  for (const [kind, plural] of Object.entries(OPERATORS)) {
    const { properties, ...schema } = crdSchema(plural);
    ajv.addSchema(closed({ ...schema, properties: { ...properties, metadata } }), kind);
  }
  return (resource: Resource): string => {
    const type = TYPES[resource.kind];
    const key = type ? `kubernetes#/$defs/${type}` : resource.kind;
    const validate = ajv.getSchema(key) ?? assert.fail(`no schema of ${resource.kind}`);
    return validate(resource) ? '' : ajv.errorsText(validate.errors);
  };
}

/** Where a pod has its settings and files from. */
interface Source {
  readonly configMap?: { readonly name: string };
  readonly configMapRef?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
}

const podsOf = (deployment: Resource) => deployment.spec.template;
const matches = (labels: Labels, wanted: Labels) =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);
/** The deployment whose pods a selector means, which must be one. */
function selected(matchLabels: Labels): Resource {
  const found = ofKind('Deployment').filter((each) =>
    matches(podsOf(each).metadata.labels, matchLabels),
  );
  assert.equal(found.length, 1, JSON.stringify(matchLabels));
  return found[0] as Resource;
}
const portsOf = (deployment: Resource): readonly string[] =>
  podsOf(deployment).spec.containers[0].ports.map(({ name }: { name: string }) => name);

describe('manifests for Kubernetes', { skip }, () => {
  test('manifests: every resource is what the API, or its operator, says it is', () => {
    const problemsOf = validator();
    for (const resource of resources) {
      assert.equal(problemsOf(resource), '', `${resource.kind} ${resource.metadata.name}`);
    }
    const kinds = new Set(resources.map(({ kind }) => kind));
    assert.deepEqual(kinds, new Set([...Object.keys(TYPES), ...Object.keys(OPERATORS)]));
  });

  test('manifests: a misspelt field and a wrong type are errors (control run)', () => {
    const problemsOf = validator();
    const deployment = one('Deployment', 'claude-observatory');
    const scaled = one('ScaledObject', 'claude-observatory');
    const secret = one('ExternalSecret', 'claude-keys');
    for (const bad of [
      { ...deployment, spec: { ...deployment.spec, replica: 2 } },
      { ...deployment, spec: { ...deployment.spec, minReadySeconds: 'soon' } },
      { ...deployment, metadata: { ...deployment.metadata, label: {} } },
      { ...scaled, spec: { ...scaled.spec, triggers: [{ type: 'prometheus' }] } },
      { ...secret, spec: { ...secret.spec, data: [{ remoteRef: { key: 'a' } }] } },
    ]) {
      assert.notEqual(problemsOf(bad as Resource), '', JSON.stringify(bad.spec));
    }
  });

  test('manifests: what Prometheus and Grafana read lies in their namespace, the rest in that of the service', () => {
    for (const { kind, metadata } of resources) {
      if (kind === 'Namespace') continue;
      const isTheirs =
        /^(PrometheusRule|PodMonitor)$/.test(kind) || /dashboard/.test(metadata.name);
      assert.equal(
        metadata.namespace,
        isTheirs ? 'monitoring' : 'claude',
        `${kind} ${metadata.name}`,
      );
    }
  });

  test('manifests: each selector means the pods of one deployment, and each port is one of theirs', () => {
    for (const { spec } of ofKind('Service')) {
      const names = portsOf(selected(spec.selector));
      for (const { targetPort } of spec.ports) assert(names.includes(targetPort), targetPort);
    }
    for (const { spec } of ofKind('PodMonitor')) {
      const names = portsOf(selected(spec.selector.matchLabels));
      for (const { port } of spec.podMetricsEndpoints) assert(names.includes(port), port);
    }
    for (const { spec } of ofKind('PodDisruptionBudget')) selected(spec.selector.matchLabels);
    for (const { spec } of ofKind('NetworkPolicy')) {
      const names = portsOf(selected(spec.podSelector.matchLabels));
      const rules: readonly { readonly ports: readonly { readonly port: string }[] }[] =
        spec.ingress;
      for (const { port } of rules.flatMap(({ ports }) => ports))
        assert(names.includes(port), port);
      for (const { to } of spec.egress) {
        for (const { podSelector } of to) if (podSelector) selected(podSelector.matchLabels);
      }
    }
  });

  test('manifests: pods have what they mount and read: settings that are made, the Secret that is fetched', () => {
    const made = ofKind('ConfigMap').map(({ metadata }) => metadata.name);
    const { target } = one('ExternalSecret', 'claude-keys').spec;
    for (const deployment of ofKind('Deployment')) {
      const { containers, volumes } = podsOf(deployment).spec;
      const from: readonly Source[] = [...(containers[0].envFrom ?? []), ...volumes];
      for (const { configMap, configMapRef, secret } of from) {
        const name = configMap?.name ?? configMapRef?.name;
        if (name !== undefined) assert(made.includes(name), name);
        if (secret) assert.equal(secret.secretName, target.name);
      }
    }
  });

  test('manifests: the fleet grows by a metric of ours, before an instance sheds calls, and no apply resets it', () => {
    const { spec } = one('ScaledObject', 'claude-observatory');
    const { query, threshold } = spec.triggers[0].metadata;
    assert.equal(query, `sum(${METRICS.inFlight.name}{job="${slo.jobs.service}"})`);
    assert(Number(threshold) <= 0.75 * settingsSchema.parse({}).ADMISSION_LIMIT);
    assert.equal('replicas' in one('Deployment', 'claude-observatory').spec, false);
    assert.equal(spec.scaleTargetRef.name, 'claude-observatory');
  });

  const otelcol = findTool('otelcol');
  const skipped = otelcol ? false : 'the collector is not here';
  test('manifests: the collector accepts both files of its configuration together', {
    skip: skipped,
  }, () => {
    const config = (file: string) => ['--config', join(folder, 'collector', file)];
    const args = ['validate', ...config('config.yaml'), ...config('backends.yaml')];
    execFileSync(otelcol as string, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  });
});

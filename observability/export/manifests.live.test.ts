/** The exported manifests against the Prometheus Operator's own schemas, and the API's of ConfigMaps. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv, type AnySchema } from 'ajv';
import { parse } from 'yaml';
import { SCHEMAS_DIR } from '../local/paths.ts';
import { exportedFiles } from './files.ts';
import { readExportOptions } from './options.ts';
import { closed, crdSchema } from './testing-schemas.ts';

const NAMES = { type: 'object', additionalProperties: { type: 'string' } } as const;
const METADATA = {
  type: 'object',
  required: ['name', 'namespace'],
  additionalProperties: false,
  properties: {
    // RFC 1123, as the API checks the names of these kinds.
    name: { type: 'string', maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' },
    namespace: { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
    labels: NAMES,
    annotations: NAMES,
  },
};

/** https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/ */
const CONFIG_MAP = {
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata', 'data'],
  additionalProperties: false,
  properties: {
    apiVersion: { const: 'v1' },
    kind: { const: 'ConfigMap' },
    metadata: METADATA,
    data: {
      type: 'object',
      additionalProperties: { type: 'string' },
      propertyNames: { pattern: '^[-._a-zA-Z0-9]{1,253}$' },
    },
  },
};
/** What a ConfigMap may hold; the API refuses a larger one. */
const CONFIG_MAP_BYTES = 1024 * 1024;

function operatorSchema(kind: string): AnySchema {
  const { properties, ...schema } = crdSchema(kind);
  return closed({ ...schema, properties: { ...properties, metadata: METADATA } });
}

const SCHEMAS: Readonly<Record<string, () => AnySchema>> = {
  PrometheusRule: () => operatorSchema('prometheusrules'),
  PodMonitor: () => operatorSchema('podmonitors'),
  ConfigMap: () => CONFIG_MAP,
};

const read = readExportOptions({
  NAMESPACE: 'team-a',
  APP_NAMESPACE: 'apps',
  LABELS: 'release=prometheus',
  JOB: 'team-a/claude',
  DATASOURCE: 'thanos',
});
const files = exportedFiles('options' in read ? read.options : assert.fail(read.problems.join()));
const manifests = files.filter(({ path }) => path.startsWith('kubernetes/'));
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });

const skip = existsSync(SCHEMAS_DIR) ? false : 'the operator’s schemas are not here';
describe('exported manifests', { skip }, () => {
  for (const { path, text } of manifests) {
    test(`${path} is what its kind's schema allows`, () => {
      const manifest = parse(text);
      const validate = ajv.compile(SCHEMAS[manifest.kind]?.() ?? assert.fail(manifest.kind));
      assert(validate(manifest), ajv.errorsText(validate.errors));
      assert.equal(manifest.metadata.namespace, 'team-a');
      assert(text.length < CONFIG_MAP_BYTES);
    });
  }

  test('a misspelt field, an unknown kind of value and a bad name are errors (control run)', () => {
    const rule = parse(manifests.find(({ path }) => path.includes('rule'))?.text ?? '');
    const validate = ajv.compile(SCHEMAS['PrometheusRule']?.() ?? {});
    for (const bad of [
      { ...rule, spec: { group: [] } },
      { ...rule, spec: { groups: [{ name: 'x', rules: [{ alert: 'X', expr: true }] }] } },
      { ...rule, metadata: { name: 'Claude_X', namespace: 'a' } },
    ]) {
      assert.equal(validate(bad), false, JSON.stringify(bad.spec));
    }
  });
});

/** The manifests of a load test on Kubernetes: their options, their schema and their script. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from '../../observability/local/paths.ts';
import { bundleK6Script } from '../bundle.ts';
import { mostUsers } from '../k6/options.ts';
import { SCENARIO_NAMES, SCENARIOS } from '../scenarios/all.ts';
import type { Env } from '../scenarios/settings.ts';
import { manifests, megabytesFor } from './manifests.ts';
import { type ManifestOptions, readManifestOptions } from './options.ts';

const TARGET = 'http://claude.apps:8080';
/** Enough calls for each of four instances. */
const BUSY = { TARGET, RATE: '200', DURATION: '10m', SIMULATOR: 'http://simulator.apps:8081' };

function optionsOf(env: Env): ManifestOptions {
  const read = readManifestOptions(env);
  assert(read.ok, read.ok ? '' : read.problems.join('\n'));
  return read.options;
}

function problemsOf(env: Env): readonly string[] {
  const read = readManifestOptions(env);
  assert(!read.ok);
  return read.problems;
}

const TEXT = { type: 'string' } as const;
const closed = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
const listOf = (items: object) => ({ type: 'array', items });
// RFC 1123, as the API checks the names of these kinds.
const NAME = { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' };
const LABELS = { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } };
const METADATA = closed({ name: NAME, namespace: NAME, labels: LABELS }, ['name', 'namespace']);
const QUANTITY = { type: 'string', pattern: '^[0-9]+(m|Mi|Gi)?$' };
const QUANTITIES = closed({ cpu: QUANTITY, memory: QUANTITY });
const SECRET_KEY = closed({ name: NAME, key: TEXT }, ['name', 'key']);
const ENV = {
  oneOf: [
    closed({ name: TEXT, value: TEXT }, ['name', 'value']),
    closed({ name: TEXT, valueFrom: closed({ secretKeyRef: SECRET_KEY }) }, ['name', 'valueFrom']),
  ],
};
const POD = closed({
  image: { type: 'string', pattern: '^grafana/k6:\\d+\\.\\d+\\.\\d+$' },
  env: listOf(ENV),
  resources: closed({ requests: QUANTITIES, limits: QUANTITIES }),
  securityContext: closed({
    runAsNonRoot: { const: true },
    runAsUser: { type: 'integer', minimum: 1 },
    runAsGroup: { type: 'integer', minimum: 1 },
    seccompProfile: closed({ type: { enum: ['RuntimeDefault', 'Localhost', 'Unconfined'] } }),
  }),
  containerSecurityContext: closed({
    allowPrivilegeEscalation: { const: false },
    readOnlyRootFilesystem: { const: true },
    capabilities: closed({ drop: listOf(TEXT) }),
  }),
  volumes: listOf(closed({ name: NAME, emptyDir: closed({}) }, ['name', 'emptyDir'])),
  volumeMounts: listOf(closed({ name: NAME, mountPath: TEXT }, ['name', 'mountPath'])),
});

/**
 * The fields of a TestRun that we use, in our own words. The operator's whole schema cannot be had by those who run
 * these tests (docs/unproven.md). https://github.com/grafana/k6-operator/blob/v1.6.0/config/crd/bases/k6.io_testruns.yaml
 */
const TEST_RUN = closed(
  {
    apiVersion: { const: 'k6.io/v1alpha1' },
    kind: { const: 'TestRun' },
    metadata: METADATA,
    spec: closed(
      {
        parallelism: { type: 'integer', minimum: 1 },
        script: closed({ configMap: closed({ name: NAME, file: TEXT }, ['name', 'file']) }),
        arguments: TEXT,
        initializer: POD,
        starter: POD,
        runner: POD,
      },
      ['parallelism', 'script'],
    ),
  },
  ['apiVersion', 'kind', 'metadata', 'spec'],
);

const ajv = new Ajv();
const isTestRun = (document: unknown): boolean => ajv.validate(TEST_RUN, document);
const SCRIPT = 'export default 1;';

/** @returns the ConfigMap and the TestRun */
function documentsOf(env: Env, script = SCRIPT) {
  const documents = parseAllDocuments(manifests(optionsOf(env), script));
  for (const { errors } of documents) assert.deepEqual(errors, []);
  const [configMap, testRun] = documents.map((document) => document.toJS());
  return { configMap, testRun };
}

function environmentOf(env: Env): Record<string, unknown> {
  const { testRun } = documentsOf(env);
  const list = testRun.spec.runner.env as { name: string; value?: string; valueFrom?: object }[];
  return Object.fromEntries(list.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
}

for (const SCENARIO of SCENARIO_NAMES) {
  test(`manifests: ${SCENARIO} is a ConfigMap and a TestRun that the schema accepts`, () => {
    const env = {
      ...BUSY,
      SCENARIO,
      TOKEN_SECRET: 'callers',
      REMOTE_WRITE: 'http://p/api/v1/write',
    };
    const { configMap, testRun } = documentsOf(env);
    assert(isTestRun(testRun), ajv.errorsText());
    assert.equal(testRun.metadata.name, `claude-load-${SCENARIO}`);
    assert.deepEqual(testRun.spec.script.configMap, {
      name: configMap.metadata.name,
      file: 'main.js',
    });
    assert.equal(configMap.data['main.js'], SCRIPT);
  });
}

test('manifests: the schema refuses a misspelt field and a wrong type', () => {
  const { testRun } = documentsOf(BUSY);
  assert(isTestRun(testRun));
  assert(!isTestRun({ ...testRun, spec: { ...testRun.spec, paralellism: 4 } }));
  assert(!isTestRun({ ...testRun, spec: { ...testRun.spec, parallelism: '4' } }));
});

test('manifests: each instance is told how many there are, and what to do', () => {
  assert.deepEqual(environmentOf({ ...BUSY, SCENARIO: 'mixed', PARALLELISM: '8' }), {
    SCENARIO: 'mixed',
    TARGET,
    RATE: '200',
    DURATION: '10m',
    INSTANCES: '8',
    K6_NO_USAGE_REPORT: 'true',
  });
});

test('manifests: the simulator is named where the scenario has faults', () => {
  const { SIMULATOR } = environmentOf({ ...BUSY, SCENARIO: 'chaos' });
  assert.equal(SIMULATOR, 'http://simulator.apps:8081');
});

test('manifests: tokens come from a Secret and stand in no manifest', () => {
  const { TOKEN } = environmentOf({ ...BUSY, TOKEN_SECRET: 'callers' });
  assert.deepEqual(TOKEN, { secretKeyRef: { name: 'callers', key: 'token' } });
  const [problem = ''] = problemsOf({ ...BUSY, TOKEN: 'hunter2' });
  assert.match(problem, /^TOKEN: put it into a Secret/);
  assert(!problem.includes('hunter2'));
});

test('manifests: no pod of the run has more rights than it needs', () => {
  const { initializer, starter, runner } = documentsOf(BUSY).testRun.spec;
  for (const pod of [initializer, starter, runner]) {
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 12345,
      runAsGroup: 12345,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(pod.containerSecurityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

test('manifests: the initializer, which makes no call, has the options of the script, no token, and little memory', () => {
  const env = { ...BUSY, RATE: '2000', TOKEN_SECRET: 'callers' };
  const { initializer, runner } = documentsOf(env).testRun.spec;
  assert.deepEqual(
    initializer.env,
    runner.env.filter(({ name }: { name: string }) => name !== 'TOKEN'),
  );
  assert.equal(initializer.resources.limits.memory, '256Mi');
});

test('manifests: results go to Prometheus only where REMOTE_WRITE says', () => {
  assert.equal(documentsOf(BUSY).testRun.spec.arguments, undefined);
  const env = { ...BUSY, REMOTE_WRITE: 'http://p:9090/api/v1/write' };
  assert.equal(documentsOf(env).testRun.spec.arguments, '--out experimental-prometheus-rw');
  assert.equal(environmentOf(env)['K6_PROMETHEUS_RW_SERVER_URL'], 'http://p:9090/api/v1/write');
});

test('manifests: memory is reckoned by the virtual users of an instance', () => {
  const memoryOf = (PARALLELISM: string) => {
    const { limits } = documentsOf({ ...BUSY, PARALLELISM }).testRun.spec.runner.resources;
    return Number.parseInt(limits.memory, 10);
  };
  assert.equal(memoryOf('1'), 128 + 400 * 5);
  assert.equal(memoryOf('4'), 128 + 100 * 5);
});

test('manifests: the memory of a breakpoint is that of its last four steps together', () => {
  const env = { TARGET, SCENARIO: 'breakpoint', PARALLELISM: '1' };
  const { limits } = documentsOf(env).testRun.spec.runner.resources;
  // Steps of ten seconds keep their virtual users for half a minute.
  assert.equal(Number.parseInt(limits.memory, 10), 128 + (582 + 466 + 373 + 298) * 5);
});

test('docker-compose.yml: the memory limit of k6 fits the largest scenario', () => {
  const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'));
  const limit = Number.parseInt(compose.services.k6.mem_limit, 10);
  const most = Math.max(...SCENARIO_NAMES.map((name) => mostUsers(SCENARIOS[name]({}))));
  assert(limit >= megabytesFor(most), `${limit} MiB for ${most} virtual users`);
});

test('manifests: a script too large for a ConfigMap is refused', () => {
  assert.throws(() => documentsOf(BUSY, 'x'.repeat(1_000_001)), /1000001 bytes/);
});

const BAD: [Env, RegExp][] = [
  [{}, /^TARGET: must be given/],
  [{ ...BUSY, RATE: '0' }, /^RATE: must be/],
  [{ ...BUSY, PARALLELISM: '0' }, /^PARALLELISM: must be a whole number from 1 to 1000/],
  [{ ...BUSY, PARALLELISM: '2.5' }, /^PARALLELISM: must be/],
  [{ TARGET, PARALLELISM: '10' }, /^PARALLELISM: 100 calls of a phase for each of 10 are too few/],
  [{ ...BUSY, NAMESPACE: 'My_Space' }, /^NAMESPACE: must be/],
  [{ ...BUSY, TOKEN_SECRET: '-a' }, /^TOKEN_SECRET: must be/],
  [{ ...BUSY, REMOTE_WRITE: 'http://u:p@host' }, /^REMOTE_WRITE: must be/],
  [{ ...BUSY, REMOTE_WRITE: 'http://[' }, /^REMOTE_WRITE: must be/],
  [{ ...BUSY, TARGET: 'http://claude.apps:99999' }, /^TARGET: must be/],
];
for (const [env, expected] of BAD) {
  test(`manifests: bad options are named: ${expected.source}`, () => {
    assert.match(problemsOf(env).join('\n'), new RegExp(expected.source, 'm'));
  });
}

describe('the script in one file', () => {
  test('it fits into a ConfigMap, and imports nothing but modules of k6', async () => {
    const script = await bundleK6Script();
    const imported = [...script.matchAll(/^import .*? from "([^"]+)";$/gm)].map(([, name]) => name);
    assert(imported.length > 3 && imported.every((name) => /^k6(\/|$)/.test(name ?? '')));
    for (const name of [
      'options',
      'setup',
      'makeCall',
      'switchFaults',
      'teardown',
      'handleSummary',
    ])
      assert.match(script, new RegExp(`^  ${name},?$`, 'm'));
    const { configMap } = documentsOf(BUSY, script);
    assert.equal(configMap.data['main.js'], script);
    assert(Buffer.byteLength(script) < 300_000);
  });
});

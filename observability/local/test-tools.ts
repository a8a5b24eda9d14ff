/** The tools that only tests need; without one, its tests are skipped and say so. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  fetchDebianPackages,
  fetchWithLibraries,
  go,
  goInstall,
  run,
  type Tool,
} from './fetch-tool.ts';
import { findChromium, GO_BIN_DIR, MOTO_DIR, ROOT, SCHEMAS_DIR, TOOLS_DIR } from './paths.ts';

/** Redis and the libraries that it alone needs, from the same release. */
const REDIS_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

/** Its `stream` module balances TCP connections, as a Service of Kubernetes does. BSD-2-Clause. */
const NGINX_PACKAGES = ['nginx', 'libnginx-mod-stream'];

/** Moto stands in for AWS Secrets Manager in tests; it is Apache-2.0 and comes from PyPI. */
const MOTO_VERSION = '5.2.5';

/** Renders deploy/kubernetes. Apache-2.0. */
const KUSTOMIZE_MODULE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.1';

/** Builds the collector of observability/collector/builder.yaml, and has its version. */
const COLLECTOR_BUILDER_MODULE = 'go.opentelemetry.io/collector/cmd/builder@v0.160.0';

/** Sloth derives burn rates from the exported specification, to compare with ours. Apache-2.0. */
const SLOTH_MODULE = 'github.com/slok/sloth/cmd/sloth@v0.16.0';

const OPERATOR_MODULE = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';
const KEDA_MODULE = 'github.com/kedacore/keda/v2@v2.18.0';
const EXTERNAL_SECRETS_MODULE = 'github.com/external-secrets/external-secrets@v0.16.2';

/** The release whose OpenAPI the manifests are held against; it comes from PyPI and is Apache-2.0. */
const KUBERNETES_VERSION = '1.37.0';

/** Prometheus 3.14, whose promtool tests the rules too. Its module replaces others, so `go install` refuses it. */
const PROMETHEUS_MODULE = 'github.com/prometheus/prometheus';
const PROMETHEUS_VERSION = 'v0.314.0';

/** The builder writes a Go module into the folder that its manifest names, and builds it there. */
function buildCollector(): void {
  const directory = mkdtempSync(join(TOOLS_DIR, 'otelcol-'));
  try {
    const manifest = readFileSync(join(ROOT, 'observability/collector/builder.yaml'), 'utf8');
    const here = join(directory, 'builder.yaml');
    writeFileSync(here, manifest.replace('dist:\n', `dist:\n  output_path: ${directory}\n`));
    go('run', COLLECTOR_BUILDER_MODULE, '--config', here);
    copyFileSync(join(directory, 'otelcol'), join(GO_BIN_DIR, 'otelcol'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Builds it as a dependency of an empty module, whose replacements do not matter. */
function buildPromtool(): void {
  const directory = mkdtempSync(join(TOOLS_DIR, 'promtool-'));
  const program = `${PROMETHEUS_MODULE}/cmd/promtool`;
  try {
    go('-C', directory, 'mod', 'init', 'tools');
    go('-C', directory, 'get', `${program}@${PROMETHEUS_VERSION}`);
    go('-C', directory, 'build', '-o', join(GO_BIN_DIR, 'promtool3'), program);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The resources of operators that we write, each with the module that has its schema. All are Apache-2.0. */
const OPERATOR_SCHEMAS: readonly (readonly [file: string, module: string, path: string])[] = [
  ['prometheusrules.json', OPERATOR_MODULE, 'jsonnet/prometheus-operator/prometheusrules-crd.json'],
  ['podmonitors.json', OPERATOR_MODULE, 'jsonnet/prometheus-operator/podmonitors-crd.json'],
  ['scaledobjects.yaml', KEDA_MODULE, 'config/crd/bases/keda.sh_scaledobjects.yaml'],
  [
    'externalsecrets.yaml',
    EXTERNAL_SECRETS_MODULE,
    'config/crds/bases/external-secrets.io_externalsecrets.yaml',
  ],
];

function copyOperatorSchemas(): void {
  mkdirSync(SCHEMAS_DIR, { recursive: true });
  for (const [file, module, path] of OPERATOR_SCHEMAS) {
    const { Dir } = JSON.parse(go('mod', 'download', '-json', module));
    copyFileSync(join(Dir, path), join(SCHEMAS_DIR, file));
  }
}

/** The package has the schemas of many releases, 22 MB; the one of ours is kept. */
function copyApiSchemas(): void {
  const directory = mkdtempSync(join(TOOLS_DIR, 'kubernetes-'));
  try {
    const version = `kubernetes-validate==${KUBERNETES_VERSION}`;
    pip('download', '--quiet', '--no-deps', '--dest', directory, version);
    const [wheel = ''] = readdirSync(directory);
    const path = `kubernetes_validate/kubernetes-json-schema/v${KUBERNETES_VERSION}-local/_definitions.json`;
    const unzip =
      'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))';
    const args = ['-c', unzip, join(directory, wheel), path];
    const text = execFileSync('python3', args, { maxBuffer: 16 * 1024 * 1024 });
    mkdirSync(SCHEMAS_DIR, { recursive: true });
    writeFileSync(join(SCHEMAS_DIR, 'kubernetes.json'), text);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** By the project's own Python environment, as the system's may be without pip. */
function pip(...args: string[]): void {
  const program = join(MOTO_DIR, 'bin/pip');
  if (!existsSync(program)) run('python3', ['-m', 'venv', MOTO_DIR]);
  run(program, args);
}

/** The module of k6's JavaScript engine with our stand-ins for what k6 adds to it. Sobek is MIT. */
const K6_ENGINE_DIR = join(ROOT, 'loadtest/k6/engine');

/** Whether it was built after the last change of its sources. */
function isEngineBuilt(): boolean {
  const program = join(GO_BIN_DIR, 'k6-engine');
  if (!existsSync(program)) return false;
  const builtMs = statSync(program).mtimeMs;
  const sources = readdirSync(K6_ENGINE_DIR).map((file) => join(K6_ENGINE_DIR, file));
  return sources.every((file) => statSync(file).mtimeMs <= builtMs);
}

const K6_ENGINE: Tool = {
  name: 'k6-engine',
  find: isEngineBuilt,
  fetch: () => go('-C', K6_ENGINE_DIR, 'build', '-o', join(GO_BIN_DIR, 'k6-engine'), '.'),
  byHand: "install Go 1.25 or newer; the test of the k6 script in k6's engine is skipped",
  optional: true,
};

export const COLLECTOR: Tool = {
  name: 'otelcol',
  fetch: buildCollector,
  byHand: 'install Go 1.25 or newer; its tests are skipped',
  optional: true,
};

export const KUSTOMIZE: Tool = {
  name: 'kustomize',
  fetch: () => goInstall(KUSTOMIZE_MODULE),
  byHand: 'install Go 1.25 or newer, or put kustomize 5 on PATH; its tests are skipped',
  optional: true,
};

const REDIS: Tool = {
  name: 'redis-server',
  fetch: () => fetchDebianPackages(REDIS_PACKAGES),
  byHand: 'put redis-server on PATH; its tests are skipped',
  optional: true,
};

const NGINX: Tool = {
  name: 'nginx',
  fetch: () => fetchDebianPackages(NGINX_PACKAGES),
  byHand: 'put nginx with its stream module on PATH; the rolling restart is not tested',
  optional: true,
};

const MOTO: Tool = {
  name: 'moto_server',
  fetch: () => pip('install', '--quiet', `moto[server]==${MOTO_VERSION}`),
  byHand: 'install Python 3 with venv; the tests of AWS Secrets Manager are skipped',
  optional: true,
};

const SLOTH: Tool = {
  name: 'sloth',
  fetch: () => goInstall(SLOTH_MODULE),
  byHand: 'install Go 1.26 or newer; the comparison of burn rates is skipped',
  optional: true,
};

const PROMTOOL_3: Tool = {
  name: 'promtool3',
  fetch: buildPromtool,
  byHand: 'install Go 1.26 or newer; the rules are tested by one release of promtool',
  optional: true,
};

const OPERATORS: Tool = {
  name: 'schemas of operators',
  find: () => OPERATOR_SCHEMAS.every(([file]) => existsSync(join(SCHEMAS_DIR, file))),
  fetch: copyOperatorSchemas,
  byHand: 'install Go 1.25 or newer; the checks of the manifests are skipped',
  optional: true,
};

const KUBERNETES: Tool = {
  name: 'schemas of Kubernetes',
  find: () => existsSync(join(SCHEMAS_DIR, 'kubernetes.json')),
  fetch: copyApiSchemas,
  byHand: 'install Python 3 with venv; the check of the manifests is skipped',
  optional: true,
};

const CHROMIUM: Tool = {
  name: 'chromium',
  find: () => findChromium() !== undefined,
  // Without a font it would draw boxes.
  fetch: () => fetchWithLibraries('chromium', 'fonts-dejavu-core'),
  byHand: 'put chromium on PATH; the test of the console is skipped',
  optional: true,
};

export const TEST_TOOLS: readonly Tool[] = [
  COLLECTOR,
  REDIS,
  NGINX,
  MOTO,
  PROMTOOL_3,
  SLOTH,
  OPERATORS,
  KUBERNETES,
  KUSTOMIZE,
  K6_ENGINE,
  CHROMIUM,
];

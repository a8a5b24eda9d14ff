/** The tools that only tests need; without one, its tests are skipped and say so. */
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
import {
  findChromium,
  GO_BIN_DIR,
  MOTO_DIR,
  OPERATOR_SCHEMAS_DIR,
  ROOT,
  TOOLS_DIR,
} from './paths.ts';

/** Redis and the libraries that it alone needs, from the same release. */
const REDIS_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

/** Moto stands in for AWS Secrets Manager in tests; it is Apache-2.0 and comes from PyPI. */
const MOTO_VERSION = '5.2.5';

/** Builds the collector of observability/collector/builder.yaml, and has its version. */
const COLLECTOR_BUILDER_MODULE = 'go.opentelemetry.io/collector/cmd/builder@v0.160.0';

/** Sloth derives burn rates from the exported specification, to compare with ours. Apache-2.0. */
const SLOTH_MODULE = 'github.com/slok/sloth/cmd/sloth@v0.16.0';

/** Its module has the schemas of PrometheusRule and PodMonitor. Apache-2.0. */
const OPERATOR_MODULE = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';

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

function copyOperatorSchemas(): void {
  const { Dir } = JSON.parse(go('mod', 'download', '-json', OPERATOR_MODULE));
  const from = join(Dir, 'jsonnet/prometheus-operator');
  mkdirSync(OPERATOR_SCHEMAS_DIR, { recursive: true });
  for (const kind of ['prometheusrules', 'podmonitors']) {
    copyFileSync(join(from, `${kind}-crd.json`), join(OPERATOR_SCHEMAS_DIR, `${kind}.json`));
  }
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

const REDIS: Tool = {
  name: 'redis-server',
  fetch: () => fetchDebianPackages(REDIS_PACKAGES),
  byHand: 'put redis-server on PATH; its tests are skipped',
  optional: true,
};

const MOTO: Tool = {
  name: 'moto_server',
  fetch() {
    run('python3', ['-m', 'venv', MOTO_DIR]);
    run(join(MOTO_DIR, 'bin/pip'), ['install', '--quiet', `moto[server]==${MOTO_VERSION}`]);
  },
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

const OPERATOR_SCHEMAS: Tool = {
  name: 'schemas of the Prometheus Operator',
  find: () => existsSync(join(OPERATOR_SCHEMAS_DIR, 'podmonitors.json')),
  fetch: copyOperatorSchemas,
  byHand: 'install Go 1.25 or newer; the check of the exported manifests is skipped',
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
  MOTO,
  PROMTOOL_3,
  SLOTH,
  OPERATOR_SCHEMAS,
  K6_ENGINE,
  CHROMIUM,
];

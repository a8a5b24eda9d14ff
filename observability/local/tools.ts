/**
 * Fetches the tools that are missing into `.tools/`: `tools.ts` those of the local stack, `tools.ts test`
 * those of the tests too, `tools.ts k6` k6.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  DEBIAN_DIR,
  findK6,
  findTool,
  GO_BIN_DIR,
  MOTO_DIR,
  OPERATOR_SCHEMAS_DIR,
  ROOT,
  TOOLS_DIR,
} from './paths.ts';

/** Debian 12's packages, unpacked into `.tools/debian`; their versions are the release's. */
const PROMETHEUS_PACKAGES = [
  'prometheus',
  // Debian packages these parts of the classic UI separately.
  'fonts-glyphicons-halflings',
  'libjs-bootstrap4',
  'libjs-d3',
  'libjs-eonasdan-bootstrap-datetimepicker',
  'libjs-jquery',
  'libjs-jquery-hotkeys',
  'libjs-moment',
  'libjs-moment-timezone',
  'libjs-mustache',
  'libjs-popper.js',
  'libjs-rickshaw',
  'node-moment',
] as const;

/** Redis and the libraries that it alone needs, from the same release. */
const REDIS_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

/** Moto stands in for AWS Secrets Manager in tests; it is Apache-2.0 and comes from PyPI. */
const MOTO_VERSION = '5.2.5';

/**
 * `go install` builds alertmanager and amtool: Debian's open a template at a fixed system path and do not
 * know `url_file`. 0.34's module lacks its UI and does not build.
 */
const ALERTMANAGER_MODULE = 'github.com/prometheus/alertmanager/cmd';
export const ALERTMANAGER_VERSION = '0.31.1';

/** k6 is AGPL-3.0 and runs as a separate program; only `make k6` installs it (docs/adr/0008). */
const K6_MODULE = 'go.k6.io/k6/v2@v2.3.0';

/** Builds the collector of observability/collector/builder.yaml, and has its version. */
const COLLECTOR_BUILDER_MODULE = 'go.opentelemetry.io/collector/cmd/builder@v0.160.0';

/** Sloth derives burn rates from the exported specification, to compare with ours. Apache-2.0. */
const SLOTH_MODULE = 'github.com/slok/sloth/cmd/sloth@v0.16.0';

/** Its module has the schemas of PrometheusRule and PodMonitor. Apache-2.0. */
const OPERATOR_MODULE = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';

/** A tool that is needed, and how it gets here. */
interface Tool {
  readonly name: string;
  /** Whether it is here; by default, whether its program is found. */
  readonly find?: () => boolean;
  readonly fetch: () => void;
  /** What to do where it cannot be fetched. */
  readonly byHand: string;
  /** Only its own tests are skipped without it, and they say so. */
  readonly optional?: true;
}

const TOOLS: readonly Tool[] = [
  ...['prometheus', 'promtool'].map((name) => ({
    name,
    fetch: () => fetchDebianPackages(PROMETHEUS_PACKAGES),
    byHand: `put ${name} on PATH: it is in Debian's packages and in Prometheus' own releases`,
  })),
  ...['alertmanager', 'amtool'].map((name) => ({
    name,
    fetch: () => goInstall(`${ALERTMANAGER_MODULE}/${name}@v${ALERTMANAGER_VERSION}`),
    byHand: `install Go 1.25 or newer, or put ${name} ${ALERTMANAGER_VERSION} on PATH`,
  })),
];

function run(command: string, args: readonly string[], cwd = TOOLS_DIR): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function download(packages: readonly string[], directory: string): void {
  run('apt-get', ['download', ...packages], directory);
}

/** Only the package lists lie outside the project. */
function downloadWithLists(packages: readonly string[], directory: string): void {
  try {
    download(packages, directory);
  } catch (error) {
    if (!isRoot()) throw error;
    process.stdout.write('tools: apt-get update, as this system has no package lists\n');
    run('apt-get', ['update']);
    download(packages, directory);
  }
}

function fetchDebianPackages(packages: readonly string[]): void {
  const directory = mkdtempSync(join(TOOLS_DIR, 'deb-'));
  try {
    downloadWithLists(packages, directory);
    for (const file of readdirSync(directory)) {
      run('dpkg', ['-x', join(directory, file), DEBIAN_DIR]);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns what the command printed */
function go(...args: string[]): string {
  return execFileSync('go', args, {
    encoding: 'utf8',
    env: { ...process.env, GOBIN: GO_BIN_DIR, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function goInstall(module: string): void {
  go('install', module);
}

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

function copyOperatorSchemas(): void {
  const { Dir } = JSON.parse(go('mod', 'download', '-json', OPERATOR_MODULE));
  const from = join(Dir, 'jsonnet/prometheus-operator');
  mkdirSync(OPERATOR_SCHEMAS_DIR, { recursive: true });
  for (const kind of ['prometheusrules', 'podmonitors']) {
    copyFileSync(join(from, `${kind}-crd.json`), join(OPERATOR_SCHEMAS_DIR, `${kind}.json`));
  }
}

/** @returns whether the tool is there now */
function ensure(tool: Tool): boolean {
  const { name, find = () => Boolean(findTool(name)), fetch, byHand } = tool;
  if (find()) return true;
  process.stdout.write(`tools: fetching ${name}\n`);
  try {
    fetch();
  } catch (error) {
    const lines = String((error as { stderr?: Buffer }).stderr ?? error)
      .trim()
      .split('\n');
    process.stderr.write(`tools: cannot fetch ${name}: ${lines.at(-1)}\n`);
  }
  if (find()) return true;
  process.stderr.write(`tools: ${name} is missing; ${byHand}\n`);
  return false;
}

/** k6 is fetched only when it is asked for by name: docs/adr/0008. */
const K6: Tool = {
  name: 'k6',
  fetch: () => goInstall(K6_MODULE),
  byHand: 'install Go 1.25 or newer, or put k6 v2 on PATH',
};

const COLLECTOR: Tool = {
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

const OPERATOR_SCHEMAS: Tool = {
  name: 'schemas of the Prometheus Operator',
  find: () => existsSync(join(OPERATOR_SCHEMAS_DIR, 'podmonitors.json')),
  fetch: copyOperatorSchemas,
  byHand: 'install Go 1.25 or newer; the check of the exported manifests is skipped',
  optional: true,
};

const SETS: Readonly<Record<string, readonly Tool[]>> = {
  stack: TOOLS,
  test: [...TOOLS, COLLECTOR, REDIS, MOTO, SLOTH, OPERATOR_SCHEMAS],
  k6: [K6],
};

function main(set = 'stack'): number {
  mkdirSync(GO_BIN_DIR, { recursive: true });
  const missing = (SETS[set] ?? TOOLS).filter((tool) => !ensure(tool));
  const complete = missing.every(({ optional }) => optional);
  if (complete && !findK6()) {
    process.stdout.write('tools: no k6 here; `make loadtest` needs it on PATH or by `make k6`\n');
  }
  return complete ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv[2]);

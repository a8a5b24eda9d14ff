/**
 * Fetches the tools that are missing into `.tools/`: `tools.ts` those of the local stack, `tools.ts test`
 * those of the tests too, `tools.ts gameday` those of game days, `tools.ts bench` those of the benchmark,
 * `tools.ts manifests` kustomize, `tools.ts k6` k6.
 */
import { mkdirSync } from 'node:fs';
import { BENCH_TOOLS } from './bench-tools.ts';
import { fetchDebianPackages, goInstall, type Tool } from './fetch-tool.ts';
import { findK6, findTool, GO_BIN_DIR } from './paths.ts';
import { COLLECTOR, KUSTOMIZE, TEST_TOOLS } from './test-tools.ts';

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

/**
 * `go install` builds alertmanager and amtool: Debian's open a template at a fixed system path and do not
 * know `url_file`. 0.34's module lacks its UI and does not build.
 */
const ALERTMANAGER_MODULE = 'github.com/prometheus/alertmanager/cmd';
export const ALERTMANAGER_VERSION = '0.31.1';

/** k6 is AGPL-3.0 and runs as a separate program; only `make k6` installs it (docs/adr/0008). */
const K6_MODULE = 'go.k6.io/k6/v2@v2.3.0';

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

const SETS: Readonly<Record<string, readonly Tool[]>> = {
  stack: TOOLS,
  test: [...TOOLS, ...TEST_TOOLS],
  gameday: [...TOOLS, COLLECTOR],
  bench: BENCH_TOOLS,
  manifests: [KUSTOMIZE],
  k6: [K6],
};

function main(set = 'stack'): number {
  mkdirSync(GO_BIN_DIR, { recursive: true });
  const missing = (SETS[set] ?? TOOLS).filter((tool) => !ensure(tool));
  const complete = missing.every(({ optional }) => optional);
  if (!['bench', 'manifests'].includes(set) && complete && !findK6()) {
    process.stdout.write(
      'tools: no k6 here; `make loadtest` takes the driver in Node, or k6 after `make k6`\n',
    );
  }
  return complete ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv[2]);

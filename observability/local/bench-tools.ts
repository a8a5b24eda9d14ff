/** Fetches what `make bench` compares with into `.tools/bench`. What is lacking is not measured, and the page says so. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchDebianPackages, run, type Tool } from './fetch-tool.ts';
import { BENCH_DIR, findTool, ROOT } from './paths.ts';

/** The committed versions: a lock file of npm, and every package of pip. */
const PINS = join(ROOT, 'loadtest/bench/packages');
const MANIFEST = 'package.json';

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestAt(folder: string): Manifest {
  const file = join(folder, MANIFEST);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/** Whether each package has the very version of the committed manifest. */
function hasPackages(): boolean {
  return Object.entries(manifestAt(PINS).dependencies ?? {}).every(
    ([name, version]) => manifestAt(join(BENCH_DIR, 'node_modules', name)).version === version,
  );
}

/** npm on another Node would silently pick other releases. */
function fetchPackages(): void {
  mkdirSync(BENCH_DIR, { recursive: true });
  for (const file of [MANIFEST, 'package-lock.json']) {
    copyFileSync(join(PINS, file), join(BENCH_DIR, file));
  }
  const install = 'npm ci --ignore-scripts --no-fund --no-audit --loglevel=error';
  run('npx', ['--yes', '--package', `node@${process.versions.node}`, '-c', install], BENCH_DIR);
}

const REQUIREMENTS = join(PINS, 'litellm.txt');

export const LITELLM_VERSION = /^litellm==(.+)$/m.exec(readFileSync(REQUIREMENTS, 'utf8'))?.[1];
const LITELLM_DIR = join(BENCH_DIR, `litellm-${LITELLM_VERSION}`);
export const LITELLM_PROGRAM = join(LITELLM_DIR, 'bin/litellm');

function fetchLitellm(): void {
  run('python3', ['-m', 'venv', LITELLM_DIR]);
  run(join(LITELLM_DIR, 'bin/pip'), ['install', '--quiet', '--requirement', REQUIREMENTS]);
}

export const BENCH_TOOLS: readonly Tool[] = [
  {
    name: 'wrk',
    find: () => findTool('wrk') !== undefined,
    fetch: () => fetchDebianPackages(['wrk', 'libluajit-5.1-2', 'libluajit-5.1-common']),
    byHand: "put wrk on PATH: it is in Debian's packages; nothing is measured without it",
    optional: true,
  },
  {
    name: 'the packages of loadtest/bench/packages',
    find: hasPackages,
    fetch: fetchPackages,
    byHand: 'their clients and gateway are not measured',
    optional: true,
  },
  {
    name: 'litellm',
    find: () => existsSync(LITELLM_PROGRAM),
    fetch: fetchLitellm,
    byHand: 'install Python 3 with venv; LiteLLM is not measured',
    optional: true,
  },
];

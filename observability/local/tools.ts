/** Fetches what the local stack needs and does not find, into `.tools/`. Run by `make tools`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DEBIAN_DIR, findK6, findTool, GO_BIN_DIR, TOOLS_DIR } from './paths.ts';
import {
  ALERTMANAGER_MODULE,
  ALERTMANAGER_VERSION,
  DEBIAN_PACKAGES,
  K6_MODULE,
} from './versions.ts';

/** A tool that is needed: how to get it here, and what to tell who cannot. */
interface Tool {
  readonly name: string;
  readonly fetch: () => void;
  readonly byHand: string;
}

const TOOLS: readonly Tool[] = [
  ...['prometheus', 'promtool'].map((name) => ({
    name,
    fetch: fetchDebianPackages,
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

function download(directory: string): void {
  run('apt-get', ['download', ...DEBIAN_PACKAGES], directory);
}

/** The package lists are the one thing that lives in the system. */
function downloadWithLists(directory: string): void {
  try {
    download(directory);
  } catch (error) {
    if (!isRoot()) throw error;
    process.stdout.write('tools: apt-get update, as this system has no package lists\n');
    run('apt-get', ['update']);
    download(directory);
  }
}

function fetchDebianPackages(): void {
  const directory = mkdtempSync(join(TOOLS_DIR, 'deb-'));
  try {
    downloadWithLists(directory);
    for (const file of readdirSync(directory)) {
      run('dpkg', ['-x', join(directory, file), DEBIAN_DIR]);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function goInstall(module: string): void {
  execFileSync('go', ['install', module], {
    env: { ...process.env, GOBIN: GO_BIN_DIR, GOFLAGS: '-buildvcs=false' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** @returns whether the tool is there now */
function ensure({ name, fetch, byHand }: Tool): boolean {
  if (findTool(name)) return true;
  process.stdout.write(`tools: fetching ${name}\n`);
  try {
    fetch();
  } catch (error) {
    const lines = String((error as { stderr?: Buffer }).stderr ?? error)
      .trim()
      .split('\n');
    process.stderr.write(`tools: cannot fetch ${name}: ${lines.at(-1)}\n`);
  }
  if (findTool(name)) return true;
  process.stderr.write(`tools: ${name} is missing; ${byHand}\n`);
  return false;
}

/** Only when it is asked for by name: docs/adr/0008. */
const K6: Tool = {
  name: 'k6',
  fetch: () => goInstall(K6_MODULE),
  byHand: 'install Go 1.25 or newer, or put k6 v2 on PATH',
};

mkdirSync(GO_BIN_DIR, { recursive: true });
const wanted = process.argv[2] === 'k6' ? [K6] : TOOLS;
const complete = wanted.map(ensure).every(Boolean);
if (complete && !findK6()) {
  process.stdout.write('tools: no k6 here; `make loadtest` needs it on PATH or by `make k6`\n');
}
process.exitCode = complete ? 0 : 1;

/** The ways in which tools get into `.tools/`: Debian's packages, and Go. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DEBIAN_DIR, GO_BIN_DIR, TOOLS_DIR } from './paths.ts';

/** A tool that is needed, and how it gets here. */
export interface Tool {
  readonly name: string;
  /** Whether it is here; by default, whether its program is found. */
  readonly find?: () => boolean;
  readonly fetch: () => void;
  /** What to do where it cannot be fetched. */
  readonly byHand: string;
  /** Only its own tests are skipped without it, and they say so. */
  readonly optional?: true;
}

/** Runs a command, by default in `.tools/`. @throws {Error} with its standard error */
export function run(command: string, args: readonly string[], cwd = TOOLS_DIR): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function download(packages: readonly string[], directory: string): void {
  run('apt-get', ['download', ...packages], directory);
}

/** Only the package lists lie outside the project. */
function withLists<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isRoot()) throw error;
    process.stdout.write('tools: apt-get update, as this system has no package lists\n');
    run('apt-get', ['update']);
    return work();
  }
}

const TO_INSTALL = /^Inst (\S+)/gm;

/** @returns the packages that this system would install to have one of them: it needs no root to ask */
function missingPackages(name: string): string[] {
  const args = ['install', '--simulate', '--no-install-recommends', name];
  const simulated = withLists(() =>
    execFileSync('apt-get', args, { encoding: 'utf8', stdio: 'pipe' }),
  );
  return [...simulated.matchAll(TO_INSTALL)].map(([, missing = '']) => missing);
}

/** Unpacks a package with every library of its that this system lacks, and further packages. */
export function fetchWithLibraries(name: string, ...others: readonly string[]): void {
  fetchDebianPackages([...missingPackages(name), ...others]);
}

/** Unpacks packages of this system's release. */
export function fetchDebianPackages(packages: readonly string[]): void {
  const directory = mkdtempSync(join(TOOLS_DIR, 'deb-'));
  try {
    withLists(() => download(packages, directory));
    for (const file of readdirSync(directory)) {
      run('dpkg', ['-x', join(directory, file), DEBIAN_DIR]);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns what the command printed */
export function go(...args: string[]): string {
  return execFileSync('go', args, {
    encoding: 'utf8',
    env: { ...process.env, GOBIN: GO_BIN_DIR, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Builds a program into `.tools/bin`. */
export function goInstall(module: string): void {
  go('install', module);
}

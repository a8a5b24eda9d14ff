/** Where the project keeps its tools, and how they are found. */
import { accessSync, constants, existsSync, globSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const TOOLS_DIR = join(ROOT, '.tools');
/** The programs that `go install` built. */
export const GO_BIN_DIR = join(TOOLS_DIR, 'bin');
/** The root of the unpacked Debian packages. */
export const DEBIAN_DIR = join(TOOLS_DIR, 'debian');
/** A Python environment of its own. */
export const MOTO_DIR = join(TOOLS_DIR, 'moto');
/** The schemas of Kubernetes and of operators, for the tests of manifests. */
export const SCHEMAS_DIR = join(TOOLS_DIR, 'schemas');
/** Other people's clients and gateways, which `make bench` compares with. */
export const BENCH_DIR = join(TOOLS_DIR, 'bench');

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns the project's own copy, or the one on PATH, or undefined */
export function findTool(name: string): string | undefined {
  const path = process.env['PATH'] ?? '';
  const places = [
    GO_BIN_DIR,
    join(DEBIAN_DIR, 'usr/bin'),
    join(DEBIAN_DIR, 'usr/sbin'),
    join(MOTO_DIR, 'bin'),
    ...path.split(delimiter),
  ];
  return places.map((place) => join(place, name)).find(isProgram);
}

/** The variable K6 names a k6 that is neither in the project nor on PATH. */
export function findK6(): string | undefined {
  return process.env['K6'] || findTool('k6');
}

/** Debian's Chromium itself: the script of its package, which starts it, looks for it in the system. */
const CHROMIUM = join(DEBIAN_DIR, 'usr/lib/chromium/chromium');

/** @returns Chromium, and the libraries that it needs from the project; undefined where there is none */
export function findChromium():
  | { readonly program: string; readonly libraries: string }
  | undefined {
  const own = isProgram(CHROMIUM);
  const program = own ? CHROMIUM : (findTool('chromium') ?? findTool('google-chrome'));
  if (program === undefined) return undefined;
  const folders = own
    ? globSync('usr/lib/*-linux-gnu{,/pulseaudio}', { cwd: DEBIAN_DIR }).map((folder) =>
        join(DEBIAN_DIR, folder),
      )
    : [];
  return { program, libraries: folders.join(delimiter) };
}

/** Debian's Prometheus looks for its UI in the system, but it lies in the project. */
export function prometheusAssets(): string | undefined {
  const assets = join(DEBIAN_DIR, 'usr/share/prometheus/web');
  return findTool('prometheus')?.startsWith(DEBIAN_DIR) ? assets : undefined;
}

/** Grafana's own files: its release has them beside `bin`, packages put them into /usr/share. */
export function grafanaHome(): string {
  const beside = join(dirname(findTool('grafana') ?? '/usr/bin/grafana'), '..');
  return existsSync(join(beside, 'conf/defaults.ini')) ? beside : '/usr/share/grafana';
}

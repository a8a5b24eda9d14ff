/** The size of a client: installed with everything that it needs, and as one minified file. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly types?: string;
  readonly typings?: string;
  readonly exports?: unknown;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Where Node finds a package that is needed by the one in `folder`. */
function folderOf(name: string, folder: string): string | undefined {
  const here = join(folder, 'node_modules', name);
  if (existsSync(join(here, 'package.json'))) return here;
  const above = dirname(folder);
  return above === folder ? undefined : folderOf(name, above);
}

/** The folders of a package and of all that it needs, each once. */
export function closure(folder: string, found = new Set<string>()): Set<string> {
  if (found.has(folder)) return found;
  found.add(folder);
  for (const name of Object.keys(manifestOf(folder).dependencies ?? {})) {
    const needed = folderOf(name, folder);
    if (needed) closure(needed, found);
  }
  return found;
}

/** Of the files of a package, without packages that lie within it. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    if (entry.name === 'node_modules') return sum;
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(path) : statSync(path).size);
  }, 0);
}

export function installedBytes(folder: string): number {
  return [...closure(folder)].reduce((sum, one) => sum + bytesIn(one), 0);
}

/** Whether the package itself says where its types are. */
export function shipsTypes(folder: string): boolean {
  const { types, typings, exports } = manifestOf(folder);
  return Boolean(types ?? typings) || /\.d\.[cm]?ts"/.test(JSON.stringify(exports ?? {}));
}

/** Everything that its main module exports, bundled for Node. */
export async function minifiedBytes(name: string, folder: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import client from '${name}'; globalThis.client = client;`,
      resolveDir: folder,
    },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'silent',
  });
  return outputFiles[0]?.contents.length ?? 0;
}

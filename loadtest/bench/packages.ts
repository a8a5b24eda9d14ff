/**
 * The packages that only the benchmark needs. They have a lock file of their own (`packages/`) and are installed into
 * `.tools/bench`, where no glob of the project finds them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BENCH_DIR, ROOT } from '../../observability/local/paths.ts';

/** Resolves as a file of the project would, and then as one beside the benchmark's own packages. */
const PLACES = [ROOT, BENCH_DIR].map((folder) => createRequire(join(folder, 'package.json')));

/** @throws {Error} when it is installed in neither place */
export function resolvePackage(name: string): string {
  for (const { resolve } of PLACES) {
    try {
      return resolve(name);
    } catch {
      // The next place may have it.
    }
  }
  throw new Error(`${name} is not installed; make bench does that`);
}

/** Imports a package from where it is. The caller states the part of it that it uses. */
export async function importPackage<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(resolvePackage(name)).href)) as T;
}

/** The folder of an installed package; undefined without it. */
export function packageFolder(name: string): string | undefined {
  return [ROOT, BENCH_DIR]
    .map((folder) => join(folder, 'node_modules', name))
    .find((folder) => versionIn(folder) !== undefined);
}

function versionIn(folder: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

export function packageVersion(name: string): string | undefined {
  const folder = packageFolder(name);
  return folder === undefined ? undefined : versionIn(folder);
}

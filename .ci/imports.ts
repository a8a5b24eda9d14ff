/** Finds imports that are circular or break the order of rooms.jsonc. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BIOME = join(import.meta.dirname, '../node_modules/.bin/biome');
const RULES = { circular: 'suspicious/noImportCycles', upward: 'style/noRestrictedImports' };

/** Imports as `path:line`. */
export interface ImportProblems {
  readonly circular: readonly string[];
  readonly upward: readonly string[];
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}

/** Asks Biome about a folder whose biome.json extends rooms.jsonc. */
export function importProblems(folder: string): ImportProblems {
  const only = Object.values(RULES).map((rule) => `--only=${rule}`);
  const args = ['lint', ...only, '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(BIOME, args, { cwd: folder, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as Report;
  const places = (rule: string) =>
    diagnostics
      .filter(({ category }) => category === `lint/${rule}`)
      .map(({ location: { path, start } }) => `${path}:${start.line}`)
      .toSorted();
  return { circular: places(RULES.circular), upward: places(RULES.upward) };
}

/**
 * The groups of files that import each other, directly or through others: two files are in one group
 * when each can be reached from the other.
 * @param graph what each file imports
 */
export function importCircles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map([...graph.keys()].map((file) => [file, reachableFrom(file, graph)]));
  const circles = new Map<string, string[]>();
  for (const [file, files] of reached) {
    if (!files.has(file)) continue;
    const circle = [...files].filter((other) => reached.get(other)?.has(file)).toSorted();
    circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

function reachableFrom(file: string, graph: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const left = [...(graph.get(file) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    left.push(...(graph.get(next) ?? []));
  }
  return reached;
}

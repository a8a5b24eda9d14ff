/** Each image that the Dockerfile builds holds every file that its program imports. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './paths.ts';

interface Stage {
  readonly copied: readonly string[];
  readonly files: readonly string[];
}

const STAGE = /^FROM (?<parent>\S+) AS (?<name>\S+)$(?<body>(?:\n(?!FROM ).*)*)/gm;

/** @returns the paths that each stage has from the project, and the files of ours that its command names */
function stages(): Map<string, Stage> {
  const found = new Map<string, Stage>();
  for (const { groups } of readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(STAGE)) {
    const { parent = '', name = '', body = '' } = groups ?? {};
    const own = [...body.matchAll(/^COPY (?:--from=\S+ )?(.+) \S+$/gm)];
    const copied = own.flatMap(([, sources = '']) => sources.split(' '));
    const [command = ''] = /^CMD .*/m.exec(body) ?? [];
    const files = [...command.matchAll(/"(?:\.\/)?([^"]+\.ts)"/g)].map(([, file = '']) => file);
    found.set(name, { copied: [...copied, ...(found.get(parent)?.copied ?? [])], files });
  }
  return found;
}

const IMPORT = /^(?:import|export)(?! type\b)[^;]*?from '([^']+)'|^import '([^']+)'/gm;

/** @returns the files and packages that a file needs when it runs, itself included */
function needs(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const match of readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)) {
    const path = match[1] ?? match[2] ?? '';
    if (path.startsWith('.')) needs(join(dirname(file), path), found);
    else if (!path.startsWith('node:') && !builtinModules.includes(path))
      found.add('/app/node_modules');
  }
  return found;
}

const isWithin = (file: string, path: string) => file === path || file.startsWith(`${path}/`);

for (const [name, { copied, files }] of stages()) {
  if (files.length === 0) continue;
  test(`image ${name}: it holds what its program imports`, () => {
    const isThere = (file: string) => copied.some((path) => isWithin(file, path));
    const missing = files.flatMap((file) => [...needs(file)]).filter((file) => !isThere(file));
    assert.deepEqual(missing, []);
  });
}

test('images: console, service, simulator and receiver are looked at', () => {
  const looked = [...stages()].filter(([, { files }]) => files.length > 0).map(([name]) => name);
  assert.deepEqual(looked.sort(), ['console', 'receiver', 'service', 'simulator']);
});

test('images: the build context holds what they copy and import, and nothing else', () => {
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const refused = lines.filter((line) => /^\w/.test(line));
  const all = [...stages().values()];
  const copied = all.flatMap((stage) => stage.copied);
  const surplus = allowed.filter((path) => !copied.some((one) => isWithin(path, one)));
  assert.deepEqual(surplus, []);
  const needed = all.flatMap(({ files }) => files.flatMap((file) => [...needs(file)]));
  const missing = needed.filter(
    (file) =>
      !file.startsWith('/app/') &&
      (!allowed.some((path) => isWithin(file, path)) ||
        refused.some((path) => isWithin(file, path))),
  );
  assert.deepEqual(missing, []);
});

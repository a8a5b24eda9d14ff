/** k6's engine has the language alone: what the script imports uses nothing else, and a test refuses it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseSync } from 'oxc-parser';
import { ROOT } from '../../observability/local/paths.ts';

const HERE = import.meta.dirname;
const MAIN = join(HERE, 'main.ts');

/** @returns what a source imports at run time; types are erased */
function importsOf(source: string): string[] {
  const { module } = parseSync('script.ts', source);
  const imports = module.staticImports
    .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
    .map(({ moduleRequest }) => moduleRequest.value);
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.filter(({ isType }) => !isType).map(({ moduleRequest }) => moduleRequest?.value),
  );
  const dynamic = module.dynamicImports.map(() => 'import()');
  return [...imports, ...exports.filter((name) => name !== undefined), ...dynamic];
}

/** @returns all files that a script loads, and what it imports besides files */
function loadedBy(entry: string) {
  const files = new Map<string, string>();
  const modules = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    const source = readFileSync(file, 'utf8');
    files.set(file, source);
    for (const name of importsOf(source)) {
      if (name.startsWith('.')) visit(resolve(dirname(file), name));
      else modules.add(name);
    }
  };
  visit(entry);
  return { files: [...files.keys()].map((file) => relative(ROOT, file)), modules: [...modules] };
}

test('k6 script: it imports files of its own rooms and modules of k6, and nothing else', () => {
  const { files, modules } = loadedBy(MAIN);
  assert(files.length > 30);
  for (const file of files) {
    assert.match(file, /^(loadtest\/(calls|scenarios|k6)\/[\w-]+|observability\/slo)\.ts$/);
  }
  for (const name of modules) assert.match(name, /^k6(\/[a-z]+)?$/);
});

test('k6 script: imports of Node, of packages and at run time are found, those of types are not', () => {
  const found = importsOf(`import fs from 'node:fs'; import 'zod'; import type { A } from 'undici';
    import { type B } from 'pino'; export { c } from './c.ts'; await import('./d.ts');`);
  assert.deepEqual(found, ['node:fs', 'zod', './c.ts', 'import()']);
});

/** @returns what the type checker says with the types of k6 and of the language alone */
function typeErrors(project: string): Promise<string[]> {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const args = ['--noEmit', '--pretty', 'false', '-p', project];
  return new Promise((done) => {
    execFile(tsc, args, { cwd: ROOT }, (_error, stdout) => {
      const lines = stdout.split('\n').filter((line) => line.includes(': error TS'));
      // Of the simulator only types are imported, but its files are checked with them.
      done(lines.filter((line) => !line.startsWith('loadtest/simulator/')));
    });
  });
}

test('k6 script: it passes with the types of k6 alone, so it uses no global that k6 lacks', async () => {
  assert.deepEqual(await typeErrors(HERE), []);
});

const LACKING = [
  'new URL("http://a")',
  'new TextDecoder()',
  'new TextEncoder()',
  'structuredClone(1)',
  'performance.now()',
  'setTimeout(() => {}, 1)',
  'fetch("http://a")',
  'Buffer.from("")',
  'process.env',
  'crypto.randomUUID()',
];

function projectOf(t: TestContext, source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'k6-types-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const compilerOptions = { typeRoots: [join(ROOT, 'node_modules/@types')] };
  const project = {
    extends: join(HERE, 'tsconfig.json'),
    compilerOptions,
    include: ['script.mts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  writeFileSync(join(folder, 'script.mts'), source);
  return folder;
}

test('k6 script: each global that k6 lacks is refused by the type checker', async (t) => {
  const source = LACKING.map((use, i) => `export const x${i} = ${use};`).join('\n');
  const errors = await typeErrors(projectOf(t, source));
  const lines = new Set(errors.map((error) => Number(/\((\d+),/.exec(error)?.[1])));
  assert.deepEqual(
    [...lines],
    LACKING.map((_, i) => i + 1),
    errors.join('\n'),
  );
});

test('k6 script: what the language itself has is not refused', async (t) => {
  const source = 'export const x = [new Map([[1, encodeURIComponent("a")]]), Date.now(), __ENV];';
  assert.deepEqual(await typeErrors(projectOf(t, source)), []);
});

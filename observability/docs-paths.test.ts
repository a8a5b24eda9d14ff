/** Files that the pages name in backticks exist: whoever looks for one finds it. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './local/paths.ts';

const FOLDERS = 'app,clients,deploy,docs,examples,loadtest,observability,.ci,.github';
const inProject = (pattern: string) =>
  globSync(pattern, { cwd: ROOT, exclude: (path) => /node_modules/.test(String(path)) });

// Decisions and the changelog also speak of what is gone.
const PAGES = inProject(`{*,{${FOLDERS}}/**/*}.md`).filter(
  (page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/adr/'),
);
const FILE_NAMES = new Set(inProject(`{${FOLDERS}}/**/*.ts`).map((file) => file.split('/').at(-1)));

/** What begins with a folder of the project, or ends as a file of TypeScript does. */
const PATH = new RegExp(
  `^(?:(?:${FOLDERS.replaceAll('.', '\\.').replaceAll(',', '|')})/|[\\w.-]+\\.ts$)[\\w./*-]*$`,
);
/** What a run writes is in no checkout. */
const WRITTEN = /^loadtest\/results\b/;

function isThere(page: string, path: string): boolean {
  if (!path.includes('/')) return FILE_NAMES.has(path);
  return [ROOT, join(ROOT, dirname(page))].some((folder) =>
    path.includes('*')
      ? globSync(path, { cwd: folder }).length > 0
      : existsSync(join(folder, path)),
  );
}

/** @returns a line for each path of a page that leads nowhere */
function deadPaths(page: string, text: string): string[] {
  const spans = text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g);
  return [...spans]
    .map(([, code = '']) => code)
    .filter((code) => PATH.test(code) && !WRITTEN.test(code) && !isThere(page, code))
    .map((code) => `${page}: ${code}`);
}

test('every file of the project that a page names in backticks exists', () => {
  assert(PAGES.length > 60, `${PAGES.length} pages`);
  assert.deepEqual(
    PAGES.flatMap((page) => deadPaths(page, readFileSync(join(ROOT, page), 'utf8'))),
    [],
  );
});

test('a file that is not there is named, by its path and by its name alone', () => {
  const text =
    '`app/gone.ts` `gone.ts` `app/main.ts` `main.ts` `app/*/` `docs/*.gone` `npm run dev` `a/b.ts`';
  assert.deepEqual(deadPaths('README.md', text), [
    'README.md: app/gone.ts',
    'README.md: gone.ts',
    'README.md: docs/*.gone',
  ]);
});

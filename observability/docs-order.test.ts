/** docs/README.md leads to every page once, and each page begins by saying what it is for. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './local/paths.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PAGES = globSync('docs/*.md', { cwd: ROOT })
  .map((file) => file.replace('docs/', ''))
  .filter((file) => file !== 'README.md');

test('docs/README.md: it has one line for each page, in one of its seven chapters', () => {
  const [, ...chapters] = read('docs/README.md').split(/^## /m);
  const names = chapters.map((chapter) => chapter.split('\n')[0]);
  assert.deepEqual(names, ['Try', 'Understand', 'Load-test', 'Break', 'Copy', 'Operate', 'Extend']);
  const lines = chapters.flatMap((chapter) =>
    chapter
      .split('\n')
      .filter((line) => line !== '')
      .slice(1),
  );
  for (const line of lines) assert.match(line, /^- \[[^\]]+\]\([^)]+\): .*[^ ]\.$/);
  for (const page of PAGES) {
    const found = lines.filter((line) => line.includes(`](${page})`));
    assert.equal(found.length, 1, `${page}: ${found.length} lines of docs/README.md`);
  }
});

test('docs: each page begins with its title and a paragraph', () => {
  for (const page of PAGES) {
    const [title = '', first = ''] = read(`docs/${page}`).split('\n\n');
    assert.match(title, /^# \S/, page);
    assert.match(first, /^[A-Z`][^|]/, `${page} begins with ${first.slice(0, 40)}`);
  }
});

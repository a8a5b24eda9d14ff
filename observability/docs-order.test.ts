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

test('docs: each page that it leads to begins with its title and a sentence on what the page is for', () => {
  const links = [...read('docs/README.md').matchAll(/^- \[[^\]]+\]\(([^)#]+\.md)/gm)];
  const files = new Set(links.map(([, link = '']) => join('docs', link)));
  assert(files.size > PAGES.length, `${files.size} pages`);
  // The README begins with the way to its translation.
  for (const file of [...files].filter((name) => name !== 'README.md')) {
    const [title = '', first = ''] = read(file).split('\n\n');
    assert.match(title, /^# \S/, file);
    const isSentence = /^[A-Z`][^|]*\.( |\n|$)/.test(first) && !/^(?:Written|For) /.test(first);
    assert(isSentence, `${file} begins with ${first.slice(0, 60)}`);
  }
});

/** Links within the project lead somewhere: to a file that exists, and to a heading that it has. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './local/paths.ts';

const PAGES = ['*.md', '{app,docs,loadtest,observability,clients}/**/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: ROOT, exclude: (path) => /node_modules/.test(String(path)) }),
);

const withoutCode = (text: string) => text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): Set<string> {
  const headings = text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{Letter}\p{Number}\p{Mark} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** @returns a line for each link of a page that leads nowhere */
function brokenLinks(page: string, text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(file)) return [`${page}: ${link}`];
    if (anchor === undefined || !file.endsWith('.md')) return [];
    return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? [] : [`${page}: ${link}`];
  });
}

test('every link in the Markdown of the project leads to a file and a heading that exist', () => {
  assert(PAGES.length > 60, `${PAGES.length} pages`);
  assert.deepEqual(
    PAGES.flatMap((page) => brokenLinks(page, readFileSync(join(ROOT, page), 'utf8'))),
    [],
  );
});

test('a link to a file or a heading that is not there is named', () => {
  const text =
    '[a](nowhere.md) [b](README.md#nothing) [c](README.md) [d](#here) `[e](gone.md)`\n\n# Here';
  assert.deepEqual(brokenLinks('README.md', text).slice(0, 2), [
    'README.md: nowhere.md',
    'README.md: README.md#nothing',
  ]);
});

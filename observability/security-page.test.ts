/** docs/security.md names no test that is not there: each file exists, and has each title that is quoted. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './local/paths.ts';

interface Proof {
  readonly threat: string;
  readonly file: string;
  readonly title: string;
}

/** @returns the tests that the last column of the table names: `file`: “title”, “title”; `file`: “title” */
function proofsOf(page: string): Proof[] {
  const [, table = ''] = page.split('## Threats');
  const rows = (table.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).flatMap((row) => {
    const cells = row.split('|').map((cell) => cell.trim());
    const [threat = '', named = ''] = [cells[1], cells.at(-2)];
    const files = [...named.matchAll(/`([^`]+)`:((?:,? “[^”]+”)+)/g)];
    const proofs = files.flatMap(([, file = '', titles = '']) =>
      [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ threat, file, title })),
    );
    return proofs.length > 0 ? proofs : [{ threat, file: '', title: named }];
  });
}

/** What a comment says is no title of a test. */
function codeOf(path: string): string {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line)).join('\n');
}

/** @returns a line for each test that is not there */
function missing(proofs: readonly Proof[]): string[] {
  return proofs.flatMap(({ threat, file, title }) => {
    const path = join(ROOT, file);
    if (!/\.test\.ts$/.test(file) || !existsSync(path)) return [`${threat}: no file ${file}`];
    return codeOf(path).includes(title) ? [] : [`${threat}: no “${title}” in ${file}`];
  });
}

test('docs/security.md: every threat names tests that exist, by their file and title', () => {
  const proofs = proofsOf(readFileSync(join(ROOT, 'docs/security.md'), 'utf8'));
  assert(new Set(proofs.map(({ threat }) => threat)).size >= 20);
  assert.deepEqual(missing(proofs), []);
});

test('docs/security.md: a test that is not there is named', () => {
  const table = (cell: string) => `## Threats\n\n| a | b |\n|---|---|\n| it | ${cell} |\n`;
  const found = (cell: string) => missing(proofsOf(table(cell)));
  const file = '`observability/security-page.test.ts`';
  assert.deepEqual(found(`${file}: “a test that is not there is named”`), []);
  const invented = 'z'.repeat(9);
  assert.match(found(`${file}: “is named”, “${invented}”`)[0] ?? '', /no “z+” in/);
  assert.match(found(`${file}: “${['is no title', 'of a test'].join(' ')}”`)[0] ?? '', /no “is no/);
  assert.match(found('`gone.test.ts`: “x”')[0] ?? '', /no file gone/);
  assert.match(found('trust us')[0] ?? '', /no file/);
});

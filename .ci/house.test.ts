/** The figures are counted as they are described, and what is too long or circular is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problems } from './house.ts';
import { importCircles } from './imports.ts';
import { measureFile } from './measure.ts';

const TEXT = `/** Why it is here. */
import type { A } from '../a.ts';
import { readFile } from 'node:fs';
export * from './b.ts';

// A whole line.
export const schema = { SOME_LIMIT: count(1), OLD_LIMIT: 'gone', other: 2 }; // not a whole line

export function outer(a: A) {
  const inner = () => {
    return a;
  };
  const short = () => readFile;
  return [inner, short];
}

export class C {
  method(): void {
    outer({});
  }
}
`;

test('measureFile: counts lines, comments, exports, functions, imports and settings', () => {
  const { functions, ...figures } = measureFile('app/x/c.ts', TEXT);
  assert.deepEqual(figures, {
    ...{ place: 'app/x/c.ts', lines: 21, filledLines: 18, commentLines: 2, exports: 4 },
    imports: ['app/a.ts', 'app/x/b.ts'],
    settings: ['SOME_LIMIT'],
  });
  assert.deepEqual(
    functions.toSorted((a, b) => b.lines - a.lines || a.place.localeCompare(b.place)),
    [
      { place: 'app/x/c.ts:9 outer', lines: 7 },
      { place: 'app/x/c.ts:10 inner', lines: 3 },
      { place: 'app/x/c.ts:18 method', lines: 3 },
    ],
  );
});

test('measureFile: a text that does not parse is an error that names the file', () => {
  assert.throws(() => measureFile('app/x.ts', 'const = 1;'), /^Error: app\/x\.ts: /);
});

test('importCircles: finds the files that reach each other, and no others', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
    ['e', ['a']],
  ]);
  assert.deepEqual(importCircles(graph), [['a', 'b', 'c']]);
});

test('problems: names functions over 40 lines, files over 250 lines, and circles', () => {
  const file = (lines: number, functionLines: number) => ({
    ...measureFile('app/a.ts', ''),
    lines,
    functions: [{ place: 'app/a.ts:1 f', lines: functionLines }],
  });
  assert.deepEqual(problems([file(250, 40)], []), []);
  assert.deepEqual(problems([file(251, 41)], [['a', 'b']]), [
    'too long: app/a.ts:1 f, 41 lines',
    'too long: app/a.ts, 251 lines',
    'circle of imports: a, b',
  ]);
});

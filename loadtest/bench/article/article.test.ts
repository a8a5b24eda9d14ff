/** The article's comparison: clients do what its table says of them, and sizes are those of what is installed. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../packages.ts';
import { probe } from './probes.ts';
import { closure, installedBytes, minifiedBytes, shipsTypes } from './sizes.ts';

test('probe: Trae has hooks, nothing that goes around a call, and ignores an agent', async () => {
  const { hooks, around, again, connectionsOfTwo } = await probe('Trae');
  assert.deepEqual([hooks, around, again, connectionsOfTwo], [true, false, false, 8]);
});

for (const [client, again] of [
  ['Axios', true],
  ['Got', false],
] as const) {
  const skip = packageFolder(client.toLowerCase()) ? false : 'only make bench installs it';
  test(`probe: ${client} has hooks, a function around a call, and keeps to its agent`, {
    skip,
  }, async () => {
    const seen = await probe(client);
    assert.deepEqual([seen.hooks, seen.around, seen.again], [true, true, again]);
    assert.equal(seen.connectionsOfTwo, 2);
  });
}

test('installedBytes: the files of a package and of what it needs, each once', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'sizes-'));
  t.after(() => rmSync(root, { recursive: true }));
  const make = (path: string, dependencies: object, bytes: number) => {
    const folder = join(root, 'node_modules', path);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies }));
    writeFileSync(join(folder, 'index.js'), 'x'.repeat(bytes));
    return folder;
  };
  const a = make('a', { b: '1', c: '1' }, 10_000);
  make('a/node_modules/b', { c: '1', a: '1' }, 200_000);
  make('b', {}, 7_000_000);
  make('c', { missing: '1' }, 3_000_000);
  assert.equal(closure(a).size, 3);
  assert.equal(Math.floor(installedBytes(a) / 1_000), 3_210);
});

test('shipsTypes: Trae has none, undici has', () => {
  assert.equal(shipsTypes(packageFolder('trae') ?? ''), false);
  assert.equal(shipsTypes(packageFolder('undici') ?? ''), true);
});

test('minifiedBytes: what is needed to call counts, so Trae is more than its own file', async () => {
  const bytes = await minifiedBytes('trae', packageFolder('trae') ?? '');
  assert(bytes > 20_000, `${bytes} bytes`);
});

/** A whole run of game days can be taken up again, and only what is still true is kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GameDay } from './game-day.ts';
import { forgetAll, keep, keptOf } from './kept.ts';
import type { Result } from './result.ts';

const day: GameDay = {
  name: 'key_rejected',
  fault: 'a key is revoked',
  on: () => () => undefined,
  expected: [],
};
const won = { day, problems: [], latenessMs: 12, earlier: [] } as unknown as Result;
const lost: Result = { ...won, problems: ['KeyRejected did not fire.\n  It is inactive.', 'b'] };

function newShelf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gamedays-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, stampOf: (name: string) => `of ${name}` };
}

test('a game day that was won is kept with its definition, and with the tries that do not count', (t) => {
  const shelf = newShelf(t);
  const result = { ...won, earlier: [lost] };
  keep(day, result, 61, shelf);
  assert.deepEqual(keptOf(day, shelf), { won: result, seconds: 61, losses: [] });
});

test('a game day that was lost is played again, and the page still knows why it was lost', (t) => {
  const shelf = newShelf(t);
  keep(day, lost, 90, shelf);
  keep(day, new Error('Prometheus ended'), 3, shelf);
  const losses = ['KeyRejected did not fire.; b', 'Prometheus ended'];
  assert.deepEqual(keptOf(day, shelf), { won: undefined, seconds: 93, losses });
  keep(day, won, 61, shelf);
  assert.deepEqual(keptOf(day, shelf), { won, seconds: 154, losses });
});

test('a game day is played again once something has changed that its result depends on', (t) => {
  const shelf = newShelf(t);
  keep(day, won, 61, shelf);
  const other = { ...shelf, stampOf: () => 'another' };
  assert.equal(keptOf(day, other).won, undefined);
});

test('a file of a kept game day that is not JSON counts for nothing, and a new run forgets all', (t) => {
  const shelf = newShelf(t);
  const nothing = { won: undefined, seconds: 0, losses: [] };
  writeFileSync(join(shelf.folder, 'key_rejected.json'), '{"won":');
  assert.deepEqual(keptOf(day, shelf), nothing);
  keep(day, won, 61, shelf);
  forgetAll(shelf.folder);
  assert.deepEqual(keptOf(day, shelf), nothing);
});

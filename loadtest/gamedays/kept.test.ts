/** A whole run of game days can be taken up again, and only what is still true is kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GameDay } from './game-day.ts';
import { forgetAll, keep, keptOf } from './kept.ts';
import type { Result } from './play.ts';

const day: GameDay = {
  name: 'key_rejected',
  fault: 'a key is revoked',
  on: () => undefined,
  off: () => undefined,
  expected: [],
};
const won = { day, problems: [], latenessMs: 12, earlier: [] } as unknown as Result;
const lost: Result = { ...won, problems: ['KeyRejected did not fire.\n  It is inactive.', 'b'] };

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gamedays-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a game day that was won is kept with its definition, and with the tries that do not count', (t) => {
  const folder = newFolder(t);
  const result = { ...won, earlier: [lost] };
  keep(day, result, 61, folder);
  assert.deepEqual(keptOf(day, folder), { won: result, seconds: 61, losses: [] });
});

test('a game day that was lost is played again, and the page still knows why it was lost', (t) => {
  const folder = newFolder(t);
  keep(day, lost, 90, folder);
  keep(day, new Error('Prometheus ended'), 3, folder);
  const losses = ['KeyRejected did not fire.; b', 'Prometheus ended'];
  assert.deepEqual(keptOf(day, folder), { won: undefined, seconds: 93, losses });
  keep(day, won, 61, folder);
  assert.deepEqual(keptOf(day, folder), { won, seconds: 154, losses });
});

for (const [what, other] of [
  ['fault', { ...day, on: () => assert.fail() }],
  ['expectation', { ...day, fault: 'another' }],
] as const) {
  test(`a game day whose ${what} is another one since it was won is played again`, (t) => {
    const folder = newFolder(t);
    keep(day, won, 61, folder);
    assert.equal(keptOf(other, folder).won, undefined);
  });
}

test('a file of a kept game day that is not JSON counts for nothing, and a new run forgets all', (t) => {
  const folder = newFolder(t);
  const nothing = { won: undefined, seconds: 0, losses: [] };
  writeFileSync(join(folder, 'key_rejected.json'), '{"won":');
  assert.deepEqual(keptOf(day, folder), nothing);
  keep(day, won, 61, folder);
  forgetAll(folder);
  assert.deepEqual(keptOf(day, folder), nothing);
});

/** A run is green only if every game day that was asked for was played and won, and the page is only of such a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endingOf, type Played } from './ending.ts';
import type { Result } from './result.ts';
import { NotHere } from './world.ts';

const won: Played = { name: 'won', end: { problems: [] } as unknown as Result };
const lost: Played = { name: 'lost', end: { problems: ['it did not fire'] } as unknown as Result };
const failed: Played = { name: 'failed', end: new Error('Prometheus ended') };
const unplayed: Played = { name: 'unplayed', end: new NotHere('there is no otelcol here') };

test('a whole run that is won is 0 and writes the page', () => {
  assert.deepEqual(endingOf([won, won], true), {
    exitCode: 0,
    text: '2 of 2 game days won',
    pageWithheld: undefined,
  });
});

test('one game day that is won is 0 and leaves the page alone', () => {
  const { exitCode, pageWithheld } = endingOf([won], false);
  assert.deepEqual([exitCode, pageWithheld], [0, 'it is of the whole set']);
});

test('a game day that cannot be played here is 69 by its name, and makes the set incomplete', () => {
  assert.deepEqual(endingOf([unplayed], false), {
    exitCode: 69,
    text: '0 of 1 game days won, 1 NOT PLAYED (unplayed)',
    pageWithheld: 'it is of the whole set',
  });
  assert.deepEqual(endingOf([won, unplayed], true), {
    exitCode: 69,
    text: '1 of 2 game days won, 1 NOT PLAYED (unplayed). The set is INCOMPLETE',
    pageWithheld: 'not every game day was played',
  });
});

test('a game day that is lost, or whose stack fails, is 1, also beside one that is not played, and the page stays', () => {
  for (const bad of [lost, failed]) {
    const { exitCode, text, pageWithheld } = endingOf([won, bad, unplayed], true);
    assert.equal(exitCode, 1);
    assert.match(text, new RegExp(`1 lost \\(${bad.name}\\), 1 NOT PLAYED`));
    assert.equal(pageWithheld, 'not every game day was won');
  }
});

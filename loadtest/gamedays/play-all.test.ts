/** A whole run writes the page only when every game day was won, and one that is taken up again plays what was not. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GameDay } from './game-day.ts';
import { playAll } from './play-all.ts';
import type { Result } from './result.ts';
import { NotHere } from './world.ts';

const dayOf = (name: string): GameDay => ({
  name,
  fault: 'something',
  on: () => () => undefined,
  expected: [],
});
const [FIRST, SECOND] = [dayOf('first'), dayOf('second')];
const DAYS = [FIRST, SECOND];

const resultOf = (day: GameDay, ...problems: readonly string[]): Result => ({
  day,
  calls: { good: 1 },
  waiting: 0,
  alerts: [],
  besides: [],
  unexpected: [],
  latenessMs: 12,
  problems,
  earlier: [],
});

/** Ends by the name of the game day; it is won where there is none. */
type Ends = Readonly<Record<string, Error | string>>;

function newRun(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'play-all-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const page = join(folder, 'gamedays.md');
  return {
    page,
    async go(ends: Ends, { isWhole = true, isResumed = false, days = DAYS } = {}) {
      const [played, lines]: [string[], string[]] = [[], []];
      const exitCode = await playAll(days, {
        isWhole,
        isResumed,
        shelf: { folder: join(folder, 'results'), stampOf: (name) => name },
        async play(day) {
          played.push(day.name);
          const end = ends[day.name];
          return end instanceof Error ? end : resultOf(day, ...(end === undefined ? [] : [end]));
        },
        say: (line) => lines.push(line),
        origin: { commit: 'abc1234', date: '2026-01-01' },
        page,
      });
      return { exitCode, played, lines };
    },
  };
}

test('playAll: a whole run that is won writes the page', async (t) => {
  const { page, go } = newRun(t);
  const { exitCode, lines } = await go({});
  assert.deepEqual([exitCode, lines.at(-1)], [0, 'docs/gamedays.md is written']);
  assert.match(readFileSync(page, 'utf8'), /of commit abc1234, which played all 2 game days/);
});

test('playAll: a run that lost one withholds the page, and taken up again it plays that one and says why it was lost', async (t) => {
  const { page, go } = newRun(t);
  const lost = await go({ second: 'KeyRejected did not fire' });
  assert.deepEqual([lost.exitCode, existsSync(page)], [1, false]);
  assert.match(lost.lines.at(-1) ?? '', /is not written, because not every game day was won/);
  const resumed = await go({}, { isResumed: true });
  assert.deepEqual([resumed.exitCode, resumed.played], [0, ['second']]);
  assert.equal(resumed.lines[0], 'first: won before');
  assert.match(readFileSync(page, 'utf8'), /- `second`: KeyRejected did not fire\n/);
});

test('playAll: a new whole run forgets what was won and lost before', async (t) => {
  const { page, go } = newRun(t);
  await go({ second: 'KeyRejected did not fire' });
  const again = await go({});
  assert.deepEqual(again.played, ['first', 'second']);
  assert.doesNotMatch(readFileSync(page, 'utf8'), /KeyRejected/);
});

test('playAll: one game day is neither kept nor forgotten, and leaves the page alone', async (t) => {
  const { page, go } = newRun(t);
  await go({ second: 'KeyRejected did not fire' });
  await go({}, { isWhole: false, days: [SECOND] });
  assert.equal(existsSync(page), false);
  assert.deepEqual((await go({}, { isResumed: true })).played, ['second']);
});

test('playAll: a game day that cannot be played here withholds the page with 69', async (t) => {
  const { page, go } = newRun(t);
  const { exitCode } = await go({ first: new NotHere('there is no otelcol here') });
  assert.deepEqual([exitCode, existsSync(page)], [69, false]);
});

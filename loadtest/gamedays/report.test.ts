/** The table says in both times what was seen, and does not pass over what was not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type AlertResult, titleOf } from './alert-result.ts';
import { GAME_DAYS } from './days/all.ts';
import type { GameDay } from './game-day.ts';
import { NOBODY, TICKETS } from './game-day.ts';
import { page } from './page.ts';
import { callersSaw, inBothTimes, linesOf, table, told } from './report.ts';
import type { Result } from './result.ts';

const alert: AlertResult = {
  alert: 'KeyRejected',
  firedAfterMs: 4_400,
  receiver: 'tickets',
  toldAfterMs: 5_000,
  inhibitedBy: [],
  untold: undefined,
  clearedAfterMs: 72_000,
  inRealTime: {},
  allowedMs: 14_000,
  firings: 1,
};
const day: GameDay = {
  name: 'key_rejected',
  fault: 'a key is revoked',
  on: () => () => undefined,
  expected: [
    { alert: 'KeyRejected', to: TICKETS, labels: {}, notBefore: 4, within: 14, clearsWithin: 80 },
  ],
  companions: [{ alert: 'Besides', because: 'it may.' }],
};
const result: Result = {
  day,
  calls: { good: 90, '503': 10 },
  waiting: 0,
  alerts: [alert],
  besides: [],
  unexpected: [],
  latenessMs: 12,
  problems: [],
  earlier: [],
};

const pageOf = (...results: readonly Result[]) =>
  page(
    results.map((each) => ({ result: each, seconds: 61, losses: [] })),
    { commit: 'abc1234', date: '2026-01-01' },
  );

test('times are shown as they were and as production has them', () => {
  assert.equal(inBothTimes(4_400), '4.4 s (4 min)');
  assert.equal(inBothTimes(72_000), '72 s (1 h 12 min)');
  assert.equal(inBothTimes(60_000), '60 s (1 h)');
});

test('what callers saw: the share of good calls, then the rest, most frequent first', () => {
  assert.equal(
    callersSaw({ good: 2, '503': 1, error_event: 5 }),
    '25.0 % good; 5 × error event; 1 × 503',
  );
  assert.equal(callersSaw({ '503': 4 }), '0.0 % good; 4 × 503');
  assert.equal(callersSaw({}), 'no call ended');
});

test('what callers saw: those who still wait stand beside the share', () => {
  assert.equal(callersSaw({ good: 2 }, 7), '100.0 % good; 7 still waiting');
  assert.equal(callersSaw({}, 7), 'no call ended; 7 still waiting');
});

test('a time that is not compressed is not multiplied, and says why', () => {
  const real = { ...alert, inRealTime: { cleared: 'half a minute is one' } };
  const rows = table([{ ...result, alerts: [real] }]);
  assert.match(rows, /\| 4\.4 s \(4 min\) \| 14 s \(14 min\) \|/);
  assert.match(rows, /\| 72 s \(not compressed: half a minute is one\) \|/);
});

test('a game day that was played again says so, and the page has the problems of the tries that do not count', () => {
  const noise = { ...result, latenessMs: 480, problems: ['Wrong should not have fired'] };
  const again = { ...result, earlier: [noise] };
  assert.match(table([again]), /a key is revoked \(played 2 times\)/);
  assert.match(
    pageOf(again),
    /- `key_rejected`, with timers 480 ms late: Wrong should not have fired/,
  );
  assert.doesNotMatch(pageOf(result), /do not count:/);
});

test('who was told: a receiver, nobody by the route, or nobody because another alert inhibits it', () => {
  const { toldAfterMs, receiver, ...untold } = alert;
  const silent = { ...untold, toldAfterMs: undefined, receiver: undefined };
  assert.equal(told(alert), 'tickets after 5.0 s (5 min)');
  assert.equal(told({ ...silent, receiver: NOBODY }), 'nobody, by its route');
  assert.equal(told({ ...silent, inhibitedBy: ['Fast'] }), 'inhibited by Fast');
  assert.equal(
    told({ ...alert, inhibitedBy: ['Fast'] }),
    'tickets after 5.0 s (5 min); inhibited by Fast',
  );
  assert.equal(told(silent), 'nobody');
  assert.equal(told({ ...silent, untold: 'it is over' }), 'nobody: it is over');
});

test('the table has a row for each alert, and names of alerts that should not have fired', () => {
  const two = { ...result, alerts: [alert, { ...alert, alert: 'Other' }], unexpected: ['Wrong'] };
  const [, , first = '', second = ''] = table([two]).split('\n');
  assert.match(
    first,
    /^\| `key_rejected` \| a key is revoked \| 90.0 % good; 10 × 503 \| KeyRejected \|/,
  );
  assert.match(first, /\| none \| Wrong \|$/);
  assert.match(second, /^\| {2}\| {2}\| {2}\| Other \|/);
});

test('the lines of a lost game day end with its mark and have every problem', () => {
  const lines = linesOf({ ...result, problems: ['KeyRejected did not fire. It is inactive.'] });
  assert.equal(lines.at(-1), '✖ key_rejected');
  assert(lines.includes('  ✖ KeyRejected did not fire. It is inactive.'));
  assert.equal(linesOf(result).at(-1), '✔ key_rejected');
});

test('the page gives the reason of companions that fired, and of alerts without a game day', () => {
  const text = pageOf({ ...result, besides: ['Besides'] });
  assert.match(text, /- \*\*Besides, key_rejected\*\*: it may\./);
  assert.match(text, /- \*\*Watchdog\*\*: It fires always\./);
  assert.doesNotMatch(pageOf(result), /Besides/);
});

test('the page gives the reason of just the companion that fired, where several differ by their labels', () => {
  const companions = ['latency', 'overhead'].map((objective) => ({
    alert: 'KeyRejected',
    labels: { objective },
    because: `of ${objective}.`,
  }));
  const besides = ['KeyRejected{severity="ticket",objective="overhead"}'];
  const text = pageOf({ ...result, day: { ...day, companions }, besides });
  assert.match(text, /- \*\*KeyRejected\{objective="overhead"\}, key_rejected\*\*: of overhead\./);
  assert.doesNotMatch(text, /of latency/);
});

test('the page says when it was written and of which commit, where that is known', () => {
  assert.match(pageOf(result), /by `make gameday` on 2026-01-01, of commit abc1234, which played/);
  const entry = { result, seconds: 119, losses: [] };
  const text = page([entry, entry], { commit: undefined, date: '2026-01-01' });
  assert.match(text, /on 2026-01-01, which played all 2 game days in 4 minutes\./);
});

const committed = readFileSync(new URL('../../docs/gamedays.md', import.meta.url), 'utf8');

/** The cells of the rows of the committed table. */
const rows = committed
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('docs/gamedays.md is of a whole run that was won: each game day and alert has its row, and each fired, was told and cleared', () => {
  const wanted = GAME_DAYS.flatMap((each) => each.expected.map(titleOf));
  assert.deepEqual(
    rows.map(([, , , title]) => title),
    wanted,
  );
  for (const [name, fault = '', , title, fired, , toWhom, cleared, , unexpected] of rows) {
    for (const cell of [fired, toWhom, cleared]) {
      assert.doesNotMatch(cell ?? 'never', /^(?:never|nobody)$/, title);
    }
    if (name === '') continue;
    const of = GAME_DAYS.find((each) => `\`${each.name}\`` === name);
    assert.equal(fault.replace(/ \(played \d times\)$/, ''), of?.fault);
    assert.equal(unexpected, 'none', name);
  }
});

test('docs/gamedays.md: each alert fired between the times that its game day allows now, and cleared in time', () => {
  const expected = GAME_DAYS.flatMap((each) =>
    each.expected.map((alert) => [`${each.name} ${titleOf(alert)}`, alert] as const),
  );
  const known = new Map(expected);
  let name = '';
  for (const [first, , , title, fired = '', allowed = '', , cleared = ''] of rows) {
    name = first?.replaceAll('`', '') || name;
    const of = known.get(`${name} ${title}`);
    assert(of, `${name} ${title}`);
    const [firedS, clearedS] = [Number.parseFloat(fired), Number.parseFloat(cleared)];
    assert(firedS <= Number.parseFloat(allowed), `${name} ${title}`);
    assert(firedS >= of.notBefore && firedS <= of.within, `${name} ${title} fired: ${fired}`);
    assert(clearedS <= of.clearsWithin, `${name} ${title} cleared: ${cleared}`);
  }
});

test('docs/gamedays.md: its text before the table, and its list of alerts without a game day, are those of now', () => {
  const before = (text: string) =>
    text.split('## The table')[0]?.split('## How a game day goes')[1];
  const after = (text: string) => text.split('## Alerts without a game day')[1];
  const now = pageOf();
  assert.equal(before(committed), before(now));
  assert.equal(after(committed), after(now));
});

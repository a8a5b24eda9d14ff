/** Alerting that is late, early, never silent or wakes people for nothing loses the day, also if each alert fires and clears. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PAGER, TICKETS } from './game-day.ts';
import { dayOf, expected, OFF, ON, pager, S, seen, textsOf, told } from './testing-evidence.ts';

const day = dayOf(expected);
/** Told at this time, and of the end. */
const toldAt = (atMs: number, to: string = TICKETS) => ({
  told: [told(to, atMs), told(to, OFF + 5 * S, false)],
});
const page = (fromMs: number, untilMs: number) => seen(pager, { periods: [{ fromMs, untilMs }] });

describe('when an alert fires', () => {
  test('before its windows and its wait are over, it is early: its `for` is gone', () => {
    const periods = [{ fromMs: ON + 3 * S, untilMs: OFF + 4 * S }];
    assert.deepEqual(textsOf(day, seen(expected, { periods, ...toldAt(ON + 4 * S) })), [
      'KeyRejected fired early: after 3.0 s, and it has to take 4.0 s at least',
    ]);
  });

  test('on the minute of its earliest time, it is not early', () => {
    const periods = [{ fromMs: ON + 4 * S, untilMs: OFF + 4 * S }];
    assert.deepEqual(textsOf(day, seen(expected, { periods })), []);
  });
});

describe('when somebody is told', () => {
  test('long after the alert fires, it is late: the group waits too long', () => {
    assert.deepEqual(textsOf(day, seen(expected, toldAt(ON + 55 * S))), [
      'KeyRejected was told late: after 50.0 s, and 8.0 s are allowed once nothing silences it',
    ]);
  });

  test('a page has to come sooner than a ticket, and an expectation may allow more', () => {
    const slow = seen(pager, toldAt(ON + 10 * S, PAGER));
    assert.deepEqual(textsOf(dayOf(pager), slow), [
      'AllFailing was told late: after 5.0 s, and 3.0 s are allowed once nothing silences it',
    ]);
    assert.deepEqual(textsOf(dayOf({ ...pager, toldWithin: 5 }), slow), []);
  });

  test('time in which something silences the alert does not count, and time after that does', () => {
    const ticket = { ...expected, inhibitedBy: ['AllFailing'] };
    const by = page(ON + 5.2 * S, ON + 30 * S);
    const silencers = [{ alert: 'AllFailing', key: by.key }];
    const texts = (atMs: number) =>
      textsOf(dayOf(pager, ticket), by, seen(ticket, { silencers, ...toldAt(atMs) })).filter(
        (text) => text.startsWith('KeyRejected'),
      );
    assert.deepEqual(texts(ON + 37 * S), []);
    assert.deepEqual(texts(ON + 39 * S), [
      'KeyRejected was told late: after 9.0 s, and 8.0 s are allowed once nothing silences it',
    ]);
  });

  test('an alert that nobody is told of once nothing silences it any more is a finding', () => {
    const ticket = { ...expected, inhibitedBy: ['AllFailing'] };
    const by = page(ON + 5 * S, ON + 30 * S);
    const silencers = [{ alert: 'AllFailing', key: by.key }];
    const texts = textsOf(dayOf(pager, ticket), by, seen(ticket, { silencers, told: [] }));
    assert(
      texts.includes(
        'KeyRejected was told late: never, and 8.0 s are allowed once nothing silences it',
      ),
    );
  });

  test('an alert that ends before somebody has to be told owes nothing for that time', () => {
    const periods = [
      { fromMs: ON + 5 * S, untilMs: ON + 5.3 * S },
      { fromMs: ON + 30 * S, untilMs: OFF + 4 * S },
    ];
    assert.deepEqual(textsOf(day, seen(expected, { periods, ...toldAt(ON + 31 * S) })), []);
    assert.equal(textsOf(day, seen(expected, { periods, ...toldAt(ON + 50 * S) })).length, 1);
  });

  test('where the fault is in the way to people, it counts from its end', () => {
    const afterwards = { ...day, toldAfterwards: true };
    const periods = [{ fromMs: ON + 5 * S, untilMs: OFF + 20 * S }];
    const told = (atMs: number) => ({ periods, ...toldAt(atMs) });
    assert.deepEqual(textsOf(afterwards, seen(expected, told(OFF + 2 * S))), []);
    assert.deepEqual(textsOf(afterwards, seen(expected, told(OFF + 9 * S))), [
      'KeyRejected was told late: after 9.0 s, and 8.0 s are allowed once nothing silences it',
    ]);
  });
});

describe('when an alert clears', () => {
  test('long after the fault is gone, it is late: it goes on firing for too long', () => {
    const periods = [{ fromMs: ON + 5 * S, untilMs: OFF + 31 * S }];
    const changes = {
      periods,
      told: [told(TICKETS, ON + 6 * S), told(TICKETS, OFF + 32 * S, false)],
    };
    assert.deepEqual(textsOf(day, seen(expected, changes)), [
      'KeyRejected cleared late: after 31.0 s, and 30.0 s are allowed',
    ]);
  });
});

describe('inhibition', () => {
  const [fast, medium] = [
    { ...pager, alert: 'Fast' },
    { ...pager, alert: 'Medium' },
  ];
  const slow = { ...expected, inhibitedBy: ['Fast', 'Medium'] };
  const by = (...names: readonly string[]) => ({
    silencers: [fast, medium].flatMap((each) =>
      names.includes(each.alert) ? { alert: each.alert, key: seen(each).key } : [],
    ),
  });
  const texts = (silenced: 'by one' | 'by each', ...names: readonly string[]) =>
    textsOf(
      dayOf(fast, medium, { ...slow, silenced }),
      ...[seen(fast), seen(medium), seen(slow, by(...names))],
    );

  test('that is gone altogether loses the day, though everything fires, is told and clears', () => {
    for (const silenced of ['by one', 'by each'] as const) {
      assert.deepEqual(texts(silenced), [
        'KeyRejected was not silenced by Fast, Medium, as it has to be',
      ]);
    }
  });

  test('by one of several is enough, where the day does not ask for each', () => {
    assert.deepEqual(texts('by one', 'Medium'), []);
    assert.deepEqual(texts('by each', 'Fast', 'Medium'), []);
    assert.deepEqual(texts('by each', 'Fast'), [
      'KeyRejected was not silenced by Medium, as it has to be',
    ]);
  });
});

describe('a companion', () => {
  const besides = { ...pager, alert: 'Besides' };
  const told = (to: string) => seen(besides, toldAt(ON + 6 * S, to));

  test('that woke somebody loses the day, unless the day says that it may', () => {
    assert.deepEqual(textsOf(day, seen(expected), told(PAGER)), [
      'Besides may fire besides, and paged',
    ]);
    const companions = [{ alert: 'Besides', because: 'it may', pages: true as const }];
    assert.deepEqual(textsOf({ ...day, companions }, seen(expected), told(PAGER)), []);
  });

  test('that became a ticket, or that nobody was told of, is no finding', () => {
    assert.deepEqual(textsOf(day, seen(expected), told(TICKETS)), []);
    assert.deepEqual(textsOf(day, seen(expected), seen(besides, { told: [] })), []);
  });
});

/** Game days are lost for the right reasons: each way in which alerting can be broken is a finding of its own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Expectation, NOBODY, PAGER, TICKETS } from './game-day.ts';
import { isOver, othersOf } from './judge.ts';
import type { Sighting } from './sightings.ts';
import {
  dayOf,
  evidence,
  expected,
  OFF,
  ON,
  pager,
  S,
  seen,
  textsOf,
  told,
} from './testing-evidence.ts';

describe('findingsOf', () => {
  const texts = (changes: Partial<Sighting>) => textsOf(dayOf(expected), seen(expected, changes));

  test('an alert that did everything is no finding', () => {
    assert.deepEqual(texts({}), []);
  });

  test('an alert that was not seen, or only waits, did not fire', () => {
    assert.deepEqual(textsOf(dayOf(expected)), ['KeyRejected did not fire']);
    assert.deepEqual(texts({ periods: [], isActive: true }), ['KeyRejected did not fire']);
  });

  test('an alert that fires after the time that is allowed is late, and is not said not to have fired', () => {
    const periods = [{ fromMs: ON + 42 * S, untilMs: OFF + 4 * S }];
    assert.deepEqual(texts({ periods }), [
      'KeyRejected fired late: after 42.0 s, and 10.0 s are allowed',
    ]);
  });

  test('an alert of the same name about something else is not the one that is expected', () => {
    const other = { ...expected, labels: { ...expected.labels, key: 'green' } };
    assert.deepEqual(textsOf(dayOf(expected), seen(other)), ['KeyRejected did not fire']);
    assert.deepEqual(othersOf(dayOf(expected), evidence(seen(other))).unexpected, [
      'KeyRejected{severity="ticket",key="green"}',
    ]);
  });

  test('an alert that has lost a label, or has another severity, is not the one that is expected', () => {
    for (const labels of [{ key: 'blue' }, { severity: 'info', key: 'blue' }]) {
      const wrong = seen({ ...expected, labels: labels as Expectation['labels'] });
      assert.deepEqual(textsOf(dayOf(expected), wrong), ['KeyRejected did not fire']);
    }
  });

  test('an alert that nobody was told of is a finding', () => {
    assert.deepEqual(texts({ told: [] }), [
      'KeyRejected fired, but nobody was told, and nothing that was told may silence it',
    ]);
  });

  test('an alert that ends as the way to people opens need not be told', () => {
    const quiet = { ...expected, untold: 'it ends with the outage' };
    assert.deepEqual(textsOf(dayOf(quiet), seen(quiet, { told: [] })), []);
  });

  test('an alert that went to another receiver is a finding, also beside the right one', () => {
    assert(
      texts({ routes: new Set([PAGER]) }).includes(
        `KeyRejected went to ${PAGER} in place of ${TICKETS}`,
      ),
    );
    const both = [told(TICKETS, ON + 6 * S), told(PAGER, ON + 6 * S), told(TICKETS, OFF, false)];
    assert.deepEqual(texts({ told: both }), [
      `KeyRejected went to ${PAGER} in place of ${TICKETS}`,
    ]);
  });

  test('an alert that nobody is to be told of counts by its route, and a notification of it is a finding', () => {
    const silent = { ...expected, to: NOBODY } as const;
    assert.deepEqual(textsOf(dayOf(silent), seen(silent)), []);
    const wrong = seen(silent, { told: [told(TICKETS, ON + 6 * S), told(TICKETS, OFF, false)] });
    assert.deepEqual(textsOf(dayOf(silent), wrong), [
      `KeyRejected went to ${TICKETS} in place of ${NOBODY}`,
    ]);
  });

  test('an alert that fired once and was over before the fault was is a finding, unless it is a one-shot', () => {
    const periods = [{ fromMs: ON + 5 * S, untilMs: ON + 7 * S }];
    assert.deepEqual(texts({ periods }), ['KeyRejected was not firing when the fault went']);
    const shot = { ...expected, isOneShot: true } as const;
    assert.deepEqual(textsOf(dayOf(shot), seen(shot, { periods })), []);
  });

  test('an alert that fires on the way down only is a finding', () => {
    const periods = [{ fromMs: OFF + 2 * S, untilMs: OFF + 4 * S }];
    assert(texts({ periods }).includes('KeyRejected was not firing when the fault went'));
  });

  test('an alert that does not clear is a finding, and so is an end that nobody is told of', () => {
    assert.deepEqual(texts({ periods: [{ fromMs: ON + 5 * S }] }), ['KeyRejected did not clear']);
    assert.deepEqual(texts({ told: [told(TICKETS, ON + 6 * S)] }), [
      'KeyRejected cleared, but who was told was not told of that',
    ]);
  });

  test('an alert that fires again after the fault is gone is a finding, and one that paused during it is not', () => {
    const first = { fromMs: ON + 5 * S, untilMs: ON + 20 * S };
    const last = { fromMs: ON + 30 * S, untilMs: OFF + 4 * S };
    assert.deepEqual(texts({ periods: [first, last] }), []);
    const again = { fromMs: OFF + 6 * S, untilMs: OFF + 8 * S };
    assert.deepEqual(texts({ periods: [{ ...last, fromMs: ON + 5 * S }, again] }), [
      'KeyRejected fired again after the fault was gone',
    ]);
  });
});

describe('what silences an alert', () => {
  const ticket = { ...expected, inhibitedBy: ['AllFailing'] };
  const page = seen(pager);
  const by = (alert: string, key: string) => ({ told: [], silencers: [{ alert, key }] });

  test('counts as telling if the day allows it and the other alert was itself told', () => {
    assert.deepEqual(
      textsOf(dayOf(pager, ticket), page, seen(ticket, by('AllFailing', page.key))),
      [],
    );
  });

  test('does not count if nobody was told of the other alert either', () => {
    const mute = seen(pager, { told: [] });
    const texts = textsOf(dayOf(pager, ticket), mute, seen(ticket, by('AllFailing', mute.key)));
    assert(texts.includes('AllFailing paged nobody'));
    assert(
      texts.includes(
        'KeyRejected fired, but nobody was told, and nothing that was told may silence it',
      ),
    );
  });

  test('does not count if the day does not name it, such as the Watchdog, and is a finding even if somebody was told', () => {
    assert.deepEqual(textsOf(dayOf(ticket), seen(ticket, by('Watchdog', 'a key'))), [
      'KeyRejected fired, but nobody was told, and nothing that was told may silence it',
      'KeyRejected was silenced by Watchdog, which may not do that',
    ]);
    const silencers = [{ alert: 'Watchdog', key: 'a key' }];
    assert.deepEqual(textsOf(dayOf(ticket), seen(ticket, { silencers })), [
      'KeyRejected was silenced by Watchdog, which may not do that',
    ]);
  });

  test('two alerts that silence each other tell nobody', () => {
    const [one, two] = [
      { ...pager, inhibitedBy: ['Other'] },
      { ...pager, alert: 'Other', inhibitedBy: ['AllFailing'] },
    ];
    const keys = [seen(one).key, seen(two).key];
    const texts = textsOf(
      dayOf(one, two),
      seen(one, by('Other', keys[1] ?? '')),
      seen(two, by('AllFailing', keys[0] ?? '')),
    );
    assert.equal(texts.length, 3);
    assert.equal(texts.at(-1), 'AllFailing, Other paged nobody');
  });
});

test('othersOf: companions may fire, and anything else should not have', () => {
  const other = (alert: string) => seen({ ...expected, alert });
  assert.deepEqual(
    othersOf(dayOf(expected), evidence(seen(expected), other('Besides'), other('Wrong'))),
    { besides: ['Besides'], unexpected: ['Wrong'] },
  );
});

test('othersOf: a companion with labels is one with these alone', () => {
  const objective = (name: string) => ({ ...expected, labels: { objective: name } });
  const companions = [
    { alert: 'KeyRejected', labels: { objective: 'latency' }, because: 'it may' },
  ];
  const of = { ...dayOf(objective('overhead')), companions };
  const others = othersOf(of, evidence(seen(objective('latency')), seen(objective('first_token'))));
  assert.equal(others.besides.length, 1);
  assert.deepEqual(others.unexpected, ['KeyRejected{objective="first_token"}']);
});

test('isOver: only once every alert that fired has cleared and its end was told', () => {
  assert.equal(isOver(expected, evidence()), true);
  assert.equal(isOver(expected, evidence(seen(expected))), true);
  assert.equal(isOver(expected, evidence(seen(expected, { periods: [{ fromMs: ON }] }))), false);
  const untold = seen(expected, { told: [told(TICKETS, ON + 6 * S)] });
  assert.equal(isOver(expected, evidence(untold)), false);
});

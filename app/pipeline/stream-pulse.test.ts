import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StreamPulse } from './stream-pulse.ts';

/** A pulse whose clock moves only while it waits, or while its reader is busy. */
function aPulse({ silenceMs = 60_000, pass = (_ms: number) => {} } = {}) {
  let nowMs = 1_000;
  let silences = 0;
  const onSilence = () => {
    silences += 1;
  };
  const pulse = new StreamPulse(() => nowMs, { silenceMs, onSilence });
  return {
    pulse,
    /** The pulse looks once what has arrived is read. */
    async silences() {
      await nextTurn();
      return silences;
    },
    /** Something comes after this long: one event unless it says otherwise. */
    after(ms: number, events = 1) {
      pulse.wait();
      nowMs += ms;
      pass(ms);
      pulse.arrived(events);
    },
    /** Nobody asks for more. */
    readerBusy(ms: number) {
      nowMs += ms;
      pass(ms);
    },
    /** More is asked for, and nothing comes. */
    silence(ms: number) {
      pulse.wait();
      nowMs += ms;
      pass(ms);
    },
  };
}

/** A pulse that may be silent for a second, whose timers follow its clock. */
function aWatchedPulse(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return aPulse({ silenceMs: 1_000, pass: (ms) => t.mock.timers.tick(ms) });
}

test('StreamPulse: the wait for the first event is no gap', () => {
  const { pulse, after } = aPulse();
  after(700);
  assert.equal(pulse.firstEventAtMs, 1_700);
  assert.equal(pulse.longestGapMs, undefined);
});

test('StreamPulse: the longest wait between two events is the gap, wherever it falls', () => {
  const { pulse, after } = aPulse();
  for (const ms of [10, 30, 200, 20]) after(ms);
  assert.equal(pulse.longestGapMs, 200);
});

test('StreamPulse: events that come together have a gap of 0', () => {
  const apart = aPulse();
  apart.after(10);
  apart.after(0);
  assert.equal(apart.pulse.longestGapMs, 0);
  const { pulse, after } = aPulse();
  after(10, 3);
  assert.equal(pulse.longestGapMs, 0);
});

test('StreamPulse: parts of an event and comments end no gap', () => {
  const { pulse, after } = aPulse();
  after(10);
  for (const ms of [40, 50, 60]) after(ms, 0);
  after(5);
  assert.equal(pulse.longestGapMs, 155);
});

test('StreamPulse: while its reader is busy no event is missing', () => {
  const { pulse, after, readerBusy } = aPulse();
  after(10);
  readerBusy(60_000);
  after(25);
  assert.equal(pulse.longestGapMs, 25);
});

test('StreamPulse: silence counts from the last event, whatever went before', async (t) => {
  const { pulse, after, silence, silences } = aWatchedPulse(t);
  for (const ms of [10, 900, 999, 999, 999]) after(ms);
  assert.equal(await silences(), 0);
  silence(999);
  assert.equal(await silences(), 0);
  silence(1);
  assert.equal(await silences(), 0, 'asked again, it has waited for a millisecond');
  silence(1_000);
  assert.equal(await silences(), 1);
  assert.equal(pulse.longestGapMs, 999);
});

test('StreamPulse: parts of an event and comments are no sign of life', async (t) => {
  const { after, silences } = aWatchedPulse(t);
  after(10);
  for (let i = 0; i < 9; i++) after(100, 0);
  assert.equal(await silences(), 0);
  after(100, 0);
  assert.equal(await silences(), 1);
});

test('StreamPulse: a reader who asks for nothing makes no silence', async (t) => {
  const { after, readerBusy, silence, silences } = aWatchedPulse(t);
  after(10);
  readerBusy(500_000);
  silence(999);
  assert.equal(await silences(), 0);
});

test('StreamPulse: before the first event, and after its end, nothing is watched', async (t) => {
  const before = aWatchedPulse(t);
  before.silence(60_000);
  assert.equal(await before.silences(), 0);
  t.mock.timers.reset();
  const { pulse, after, silence, silences } = aWatchedPulse(t);
  after(10);
  pulse[Symbol.dispose]();
  silence(60_000);
  assert.equal(await silences(), 0);
});

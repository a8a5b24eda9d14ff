import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamPulse } from './stream-pulse.ts';

/** A pulse whose clock moves only while it waits, or while its reader is busy. */
function aPulse() {
  let nowMs = 1_000;
  const pulse = new StreamPulse(() => nowMs);
  return {
    pulse,
    /** Something comes after this long: one event unless it says otherwise. */
    after(ms: number, events = 1) {
      pulse.wait();
      nowMs += ms;
      pulse.arrived(events);
    },
    /** Nobody asks for more. */
    readerBusy: (ms: number) => {
      nowMs += ms;
    },
  };
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

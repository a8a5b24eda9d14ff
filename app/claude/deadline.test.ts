import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CallState } from '../pipeline/call-state.ts';
import { type DeadlineOptions, type Limited, startDeadline } from './deadline.ts';

/** A call that arrived 100 ms ago and whose clock moves with the timers. */
function aCall(t: TestContext, part: Partial<Limited>, options: Partial<DeadlineOptions> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 1_100;
  const state = new CallState(() => nowMs);
  const signal = new AbortController().signal;
  const call = { stream: true, receivedAtMs: 1_000, signal, ...part };
  const deadline = startDeadline(call, { deadlineMs: 1_000, ...options }, state);
  const pass = async (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    // A limit is judged once what has arrived is read.
    await nextTurn();
  };
  const ended = () => (deadline.signal.aborted ? deadline.signal.reason.code : undefined);
  return { state, deadline, pass, ended };
}

test('startDeadline: it counts from when the request arrived', async (t) => {
  const { deadline, pass, ended } = aCall(t, { stream: false });
  assert.equal(deadline.atMs, 2_000);
  await pass(899);
  assert.equal(ended(), undefined);
  await pass(1);
  assert.equal(ended(), 'timeout');
});

test('startDeadline: a stream without content ends at the deadline', async (t) => {
  const { pass, ended } = aCall(t, {});
  await pass(900);
  assert.equal(ended(), 'timeout');
});

test('startDeadline: a stream with content may last for hours', async (t) => {
  const { state, pass, ended } = aCall(t, {});
  await pass(899);
  state.hasContent = true;
  await pass(10 * 3_600_000);
  assert.equal(ended(), undefined);
});

test('startDeadline: the limit of streams ends one with content, counted from its arrival', async (t) => {
  const { state, pass, ended } = aCall(t, {}, { streamLimitMs: 5_000 });
  state.hasContent = true;
  await pass(900);
  await pass(3_999);
  assert.equal(ended(), undefined);
  await pass(1);
  assert.equal(ended(), 'timeout');
});

test('startDeadline: the limit of streams holds before their content too, where it is shorter', async (t) => {
  const { pass, ended } = aCall(t, {}, { streamLimitMs: 500 });
  await pass(400);
  assert.equal(ended(), 'timeout');
});

test('startDeadline: the limit of streams does not concern a complete answer', async (t) => {
  const { pass, ended } = aCall(t, { stream: false }, { streamLimitMs: 500 });
  await pass(899);
  assert.equal(ended(), undefined);
});

for (const stream of [true, false]) {
  const what = stream ? 'a stream with content' : 'a complete answer';
  test(`startDeadline: the caller’s own limit ends ${what}, even a shorter one`, async (t) => {
    const { state, pass, ended } = aCall(t, { stream, deadlineMs: 400 }, { streamLimitMs: 700 });
    state.hasContent = stream;
    await pass(299);
    assert.equal(ended(), undefined);
    await pass(1);
    assert.equal(ended(), 'caller_deadline');
  });
}

test('startDeadline: the caller’s own limit, if longer, still ends a stream with content', async (t) => {
  const { state, pass, ended } = aCall(t, { deadlineMs: 3_000 });
  state.hasContent = true;
  await pass(900);
  await pass(1_999);
  assert.equal(ended(), undefined);
  await pass(1);
  assert.equal(ended(), 'caller_deadline');
});

test('startDeadline: once it is disposed of, nothing ends', async (t) => {
  const { deadline, pass, ended } = aCall(t, {});
  deadline[Symbol.dispose]();
  await pass(60_000);
  assert.equal(ended(), undefined);
});

/** A try counts unless the machine was too busy, also one that never got as far as its fault. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type GameDay, TICKETS } from './game-day.ts';
import { lostIfUnsteady, untilItCounts } from './play.ts';
import type { Result } from './result.ts';
import { NotSteady } from './steady.ts';

const day: GameDay = {
  name: 'a_day',
  fault: 'something',
  on: () => () => undefined,
  expected: [
    { alert: 'KeyRejected', labels: {}, to: TICKETS, notBefore: 0, within: 0.05, clearsWithin: 1 },
  ],
};

describe('untilItCounts', () => {
  const result = (problems: readonly string[], latenessMs: number): Result => ({
    day,
    calls: {},
    waiting: 0,
    alerts: [],
    besides: [],
    unexpected: [],
    earlier: [],
    problems,
    latenessMs,
  });
  const lost = result(['It did not fire'], 12);
  const noise = result(['Wrong should not have fired'], 480);
  const won = result([], 480);

  async function play(...results: readonly Result[]) {
    const left = [...results];
    const again: Result[] = [];
    const last = await untilItCounts(
      async () => left.shift() ?? assert.fail('it was played again'),
      (each) => again.push(each),
    );
    return { last, again };
  }

  test('a game day that is won, or lost by a machine that kept time, is played once', async () => {
    assert.deepEqual(await play(won), { last: won, again: [] });
    assert.deepEqual(await play(lost), { last: lost, again: [] });
  });

  test('one that is lost by a busy machine is played again, and the result that counts has what went before', async () => {
    assert.deepEqual(await play(noise, won), {
      last: { ...won, earlier: [noise] },
      again: [noise],
    });
  });

  test('the third try counts, whatever it is', async () => {
    const { last } = await play(noise, noise, noise);
    assert.deepEqual(last, { ...noise, earlier: [noise, noise] });
  });
});

describe('lostIfUnsteady', () => {
  test('a day without a steady state is a try that is lost, which a busy machine excuses', async () => {
    const seen = await lostIfUnsteady(day, () =>
      Promise.reject(new NotSteady('no steady state: KeyRejected is active')),
    );
    assert.deepEqual(seen.problems, ['no steady state: KeyRejected is active']);
    assert.equal(seen.alerts[0]?.firedAfterMs, undefined);
    const tries = [480, 12].map((latenessMs): Result => ({ ...seen, latenessMs, earlier: [] }));
    const last = await untilItCounts(async () => tries.shift() ?? assert.fail('a third time'));
    assert.deepEqual([last.latenessMs, last.earlier.length], [12, 1]);
  });

  test('a stack that does not start is an error', async () => {
    const failed = new Error('Prometheus ended');
    await assert.rejects(
      lostIfUnsteady(day, () => Promise.reject(failed)),
      failed,
    );
  });
});

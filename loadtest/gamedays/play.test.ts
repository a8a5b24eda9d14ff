/** A fault stays until every alert was told and then for a while; a try counts unless the machine was too busy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type GameDay, TICKETS } from './game-day.ts';
import { type Result, untilItCounts, whileItIsOn } from './play.ts';
import { keyOf, type Sighting } from './sightings.ts';

const LABELS = { alertname: 'KeyRejected' };
const day: GameDay = {
  ...{ name: 'a_day', fault: 'something', on: () => () => undefined },
  expected: [
    { alert: 'KeyRejected', labels: {}, to: TICKETS, notBefore: 0, within: 0.05, clearsWithin: 1 },
  ],
};

const firing = (isTold: boolean): Sighting => ({
  ...{ key: keyOf(LABELS), labels: LABELS, isActive: true, periods: [{ fromMs: 0 }] },
  told: isTold ? [{ receiver: TICKETS, isFiring: true, atMs: 1 }] : [],
  ...{ silencers: [], routes: new Set([TICKETS]) },
});

describe('whileItIsOn', () => {
  const times = { graceMs: 300, holdMs: 200 };

  /** @returns milliseconds until the fault goes */
  async function lasts(changes: Partial<GameDay>, leastFaultMs: number, ...seen: Sighting[]) {
    const startedMs = performance.now();
    const watch = { sightings: () => seen };
    const scene = { day: { ...day, ...changes }, watch, options: { leastFaultMs } };
    await whileItIsOn(scene, Date.now(), times);
    return performance.now() - startedMs;
  }

  test('once the alert was told, it stays for a while', async () => {
    const ms = await lasts({}, 0, firing(true));
    assert(ms >= 199, `${ms} ms`);
  });

  test('it lasts as long as it has to, however early the alert was told', async () => {
    const ms = await lasts({}, 700, firing(true));
    assert(ms >= 690, `${ms} ms`);
  });

  test('an alert that does not fire, or is not told, is waited for beyond its latest time, and then no longer', async () => {
    for (const seen of [[], [firing(false)]]) {
      const ms = await lasts({}, 0, ...seen);
      assert(ms >= 349, `${ms} ms`);
    }
  });

  test('where the fault is in the way to people, firing is enough', async () => {
    const steps: string[] = [];
    const options = { leastFaultMs: 0, onStep: (step: string) => steps.push(step) };
    const watch = { sightings: () => [firing(false)] };
    const startedMs = performance.now();
    const hour = { graceMs: 3_600_000, holdMs: 0 };
    await whileItIsOn({ day: { ...day, toldAfterwards: true }, watch, options }, 0, hour);
    assert(performance.now() - startedMs < 60_000);
    assert.deepEqual(steps, ['KeyRejected fires']);
  });
});

describe('untilItCounts', () => {
  const result = (problems: readonly string[], latenessMs: number): Result => ({
    ...{ day, calls: {}, waiting: 0, alerts: [], besides: [], unexpected: [], earlier: [] },
    ...{ problems, latenessMs },
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

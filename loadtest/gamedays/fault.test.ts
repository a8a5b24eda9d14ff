/** A fault stays until every alert was told and then for a while, and never outlives its game day. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultOnAndOff, type Scene, whileItIsOn } from './fault.ts';
import { type GameDay, TICKETS } from './game-day.ts';
import { keyOf, type Sighting } from './sightings.ts';

const LABELS = { alertname: 'KeyRejected' };
const day: GameDay = {
  name: 'a_day',
  fault: 'something',
  on: () => () => undefined,
  expected: [
    { alert: 'KeyRejected', labels: {}, to: TICKETS, notBefore: 0, within: 0.05, clearsWithin: 1 },
  ],
};

const firing = (isTold: boolean): Sighting => ({
  key: keyOf(LABELS),
  labels: LABELS,
  isActive: true,
  periods: [{ fromMs: 0 }],
  told: isTold ? [{ receiver: TICKETS, isFiring: true, atMs: 1 }] : [],
  silencers: [],
  routes: new Set([TICKETS]),
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

describe('faultOnAndOff', () => {
  /** @returns what was done to the fault of a day whose alerts can be seen or not */
  async function doneBy(sightings: () => readonly Sighting[], on?: GameDay['on']) {
    const done: string[] = [];
    const begin = () => {
      done.push('on');
      return () => {
        done.push('off');
      };
    };
    const traffic = { take: () => ({}), waiting: 0 };
    const prometheus = { url: 'http://127.0.0.1:1' };
    const scene = {
      day: { ...day, on: on ?? begin },
      world: { traffic, prometheus } as unknown as Scene['world'],
      watch: { sightings, forget: () => undefined },
      options: { leastFaultMs: 0 },
    };
    const end = await faultOnAndOff(scene).catch((error: Error) => error);
    return { done, end };
  }

  test('a fault is taken away also when the watch breaks in the middle', async () => {
    const { done, end } = await doneBy(() => {
      throw new Error('it cannot be watched');
    });
    assert.deepEqual(done, ['on', 'off']);
    assert.deepEqual(end, new Error('it cannot be watched'));
  });

  test('a fault that does not come is an error, and nothing is taken away', async () => {
    const failed = new Error('it does not come');
    const { done, end } = await doneBy(
      () => [],
      () => Promise.reject(failed),
    );
    assert.deepEqual([done, end], [[], failed]);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelFacts } from '../anthropic/models.ts';
import { eventually } from '../testing/poll.ts';
import type { Clock } from '../time/clock.ts';
import { ModelWatch } from './model-watch.ts';

const HOUR_MS = 3_600_000;
const LIST: readonly ModelFacts[] = [{ id: 'a', retiresAtMs: 1 }];

/** Time that stands still until `pass` ends the pause that the watch is in. */
function stoppedClock(): Clock & { readonly pauses: number[]; pass(): void } {
  const pauses: number[] = [];
  let pass = () => {};
  return {
    pauses,
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        pauses.push(ms);
        pass = resolve;
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    pass: () => pass(),
  };
}

/** A watch whose lists end as the script says: a list, nobody to ask, or an error. The last one repeats. */
function watched(
  script: readonly (readonly ModelFacts[] | undefined | Error)[],
  everyMs = 6 * HOUR_MS,
) {
  const clock = stoppedClock();
  const events: unknown[] = [];
  let asked = 0;
  const watch = new ModelWatch(
    { everyMs },
    {
      clock,
      random: () => 0.5,
      async list() {
        const step = script[Math.min(asked, script.length - 1)];
        asked += 1;
        if (step instanceof Error) throw step;
        return step;
      },
      onList: (models) => events.push(models),
      onFailure: (error) => events.push((error as Error).message),
    },
  );
  const ended = watch.start();
  return { clock, events, watch, ended, asked: () => asked };
}

async function afterPauses(clock: ReturnType<typeof stoppedClock>, n: number): Promise<void> {
  for (let i = 1; i <= n; i++) {
    await eventually(() => clock.pauses.length === i);
    if (i < n) clock.pass();
  }
}

test('ModelWatch: asks at the start and every few hours', async () => {
  const { clock, events, watch, ended } = watched([LIST]);
  await afterPauses(clock, 3);
  assert.deepEqual(events, [LIST, LIST, LIST]);
  assert.deepEqual(clock.pauses, [6 * HOUR_MS, 6 * HOUR_MS, 6 * HOUR_MS]);
  watch.stop();
  await ended;
});

test('ModelWatch: failures are asked again after a minute, doubled up to the usual pause, and reported once', async () => {
  const { clock, events, watch } = watched([new Error('one'), new Error('two')], 180_000);
  await afterPauses(clock, 4);
  assert.deepEqual(events, ['one']);
  assert.deepEqual(clock.pauses, [60_000, 120_000, 180_000, 180_000]);
  watch.stop();
});

test('ModelWatch: a failure after a success is reported anew', async () => {
  const { clock, events, watch } = watched([new Error('one'), LIST, new Error('two')]);
  await afterPauses(clock, 3);
  assert.deepEqual(events, ['one', LIST, 'two']);
  watch.stop();
});

test('ModelWatch: without anybody to ask it keeps silent and tries again', async () => {
  const { clock, events, watch } = watched([undefined, LIST]);
  await afterPauses(clock, 2);
  assert.deepEqual(events, [LIST]);
  assert.deepEqual(clock.pauses, [60_000, 6 * HOUR_MS]);
  watch.stop();
});

test('ModelWatch: 0 is never, and a stopped watch asks no more', async () => {
  const never = watched([LIST], 0);
  await never.ended;
  assert.equal(never.asked(), 0);
  const { clock, watch, ended, asked } = watched([LIST]);
  await afterPauses(clock, 1);
  watch.stop();
  await ended;
  assert.equal(asked(), 1);
});

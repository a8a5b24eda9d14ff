/** The least number of events keeps one bad event below the threshold, with what `rate()` adds to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enoughEvents } from './guards.ts';

const TABLE: readonly [threshold: number, least: number][] = [
  [14.4 * 0.005, 16],
  [6 * 0.005, 37],
  [3 * 0.005, 74],
  [0.005, 220],
  [14.4 * 0.01, 8],
  [6 * 0.01, 19],
  [3 * 0.01, 37],
  [0.01, 110],
];
for (const [threshold, least] of TABLE) {
  test(`enoughEvents: ${least} for ${Number(threshold.toFixed(4))}, and one of so many stays below`, () => {
    assert.equal(enoughEvents(threshold), least);
    assert(1.1 / least <= threshold * (1 + 1e-9));
    assert(1.1 / (least - 1) > threshold);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedLogger } from '../testing/logs.ts';
import { measuredInstruments } from '../testing/metrics.ts';
import { observePriceAge } from './price-age.ts';
import { PRICES_CHECKED_ON } from './prices.ts';

const DAY_MS = 86_400_000;
const CASES: readonly [age: string, ageMs: number, seconds: number, warns: boolean][] = [
  ['of the same day', 0, 0, false],
  ['90 days old', 90 * DAY_MS, 90 * 86_400, false],
  ['a millisecond older than 90 days', 90 * DAY_MS + 1, 7_776_000.001, true],
  ['a year old', 365 * DAY_MS, 365 * 86_400, true],
  ['from the future, because the clock is wrong', -DAY_MS, 0, false],
];
for (const [age, ageMs, seconds, warns] of CASES) {
  test(`observePriceAge: a table ${age} ${warns ? 'is warned of' : 'is no news'}, and its age is a metric`, async (t) => {
    const { instruments, points } = measuredInstruments(t);
    const { logger, lines } = capturedLogger();
    const wallClock = () => Date.parse(PRICES_CHECKED_ON) + ageMs;
    observePriceAge({ instruments, logger, wallClock });
    const [point] = await points('claude_api_price_table_age_seconds');
    assert.equal(point?.value, seconds);
    assert.equal(lines().length, warns ? 1 : 0);
    if (!warns) return;
    assert.partialDeepStrictEqual(lines()[0], {
      level: 'warn',
      checked_on: PRICES_CHECKED_ON,
      age_days: Math.floor(ageMs / DAY_MS),
    });
  });
}

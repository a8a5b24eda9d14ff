/** The calculation of a fleet, by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUSY, fleetFor } from './arithmetic.ts';
import { seriesIn } from './volume.ts';

const VOLUME = { series: 300, traceBytes: 2_000, logBytes: 500 };

test('fleetFor: instances have room to spare, and what they give off is summed', () => {
  const fleet = fleetFor(10_000, 5_000, VOLUME);
  assert.equal(fleet.instances, Math.ceil(2 / BUSY));
  assert.equal(fleet.series, fleet.instances * 300);
  assert.equal(fleet.samplesPerSecond, fleet.series / 15);
  assert.equal(fleet.traceMBPerSecond, 2);
  assert.equal(fleet.traceGBPerDay, 172.8);
  assert.equal(fleet.logMBPerSecond, 5);
  assert.equal(fleet.logGBPerDay, 432);
});

test('fleetFor: the least is one instance', () => {
  assert.equal(fleetFor(1, 5_000, VOLUME).instances, 1);
});

test('seriesIn: comments and empty lines are no samples', () => {
  assert.equal(seriesIn('# HELP a b\n# TYPE a counter\na{b="#"} 1\na 2\n\n'), 2);
});

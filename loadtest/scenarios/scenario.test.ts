/** When the calls of a scenario are due. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsIn, dueS, kindOf, type Phase, type Stage, secondsOf } from './scenario.ts';

const phase = (fromPerSecond: number, ...stages: Stage[]): Phase => ({
  name: 'load',
  startS: 0,
  fromPerSecond,
  stages,
  calls: [
    { kind: 'complete', weight: 2 },
    { kind: 'streaming', weight: 1 },
  ],
  models: ['claude-haiku-5-5'],
  maxInFlight: 10,
  counted: true,
});

test('a constant rate: calls are due at equal distances, the first at once', () => {
  const steady = phase(50, { seconds: 20, perSecond: 50 });
  assert.equal(callsIn(steady), 1000);
  assert.deepEqual(
    [0, 1, 999].map((n) => dueS(steady, n)),
    [0, 0.02, 19.98],
  );
  assert.equal(dueS(steady, 1000), Number.POSITIVE_INFINITY);
});

test('a rate from 0: half of the calls are due in the last 29 % of the time', () => {
  const ramp = phase(0, { seconds: 10, perSecond: 20 });
  assert.equal(callsIn(ramp), 100);
  assert.ok(Math.abs(dueS(ramp, 50) - Math.sqrt(50)) < 1e-9);
});

test('a rate that falls to 0 ends with its last call before its end', () => {
  const ramp = phase(20, { seconds: 10, perSecond: 0 });
  assert.equal(callsIn(ramp), 100);
  assert.ok(dueS(ramp, 99) < 10);
  assert.ok(dueS(ramp, 99) > 8.9);
});

test('stages follow each other, and a stage without calls is a pause', () => {
  const stages = phase(
    0,
    { seconds: 2, perSecond: 0 },
    { seconds: 1e-9, perSecond: 10 },
    { seconds: 1, perSecond: 10 },
  );
  assert.equal(callsIn(stages), 10);
  assert.ok(Math.abs(dueS(stages, 5) - 2.5) < 1e-6);
  assert.ok(Math.abs(secondsOf(stages) - 3) < 1e-6);
});

test('calls are due in order, whatever the stages', () => {
  const spike = phase(
    7,
    { seconds: 3, perSecond: 7 },
    { seconds: 2, perSecond: 93 },
    { seconds: 4, perSecond: 1 },
  );
  const times = Array.from({ length: callsIn(spike) }, (_, n) => dueS(spike, n));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.ok(times.every((time) => time >= 0 && time <= 9));
});

test('kinds take turns by their weights', () => {
  const kinds = [0, 1, 2, 3].map((n) => kindOf(phase(1), n));
  assert.deepEqual(kinds, ['complete', 'complete', 'streaming', 'complete']);
});

/** Which faults are active, by a clock that the test sets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFaults, FaultSet, type Target } from './faults.ts';

const TARGET: Target = {
  region: 'default',
  key: 'k',
  maskedKey: 'k',
  stream: false,
  model: 'm',
  speed: 'standard',
  path: '/v1/messages',
};

test('FaultSet: a fault for some seconds ends by itself, and one without a time does not', () => {
  let nowMs = 5_000;
  const faults = new FaultSet(
    () => 0,
    () => nowMs,
  );
  faults.set([{ kind: 'overloaded', forSeconds: 30 }, { kind: 'reset' }]);
  nowMs += 29_999;
  assert.equal(faults.pick(TARGET)?.kind, 'overloaded');
  assert.equal(faults.list().length, 2);
  nowMs += 1;
  assert.equal(faults.pick(TARGET)?.kind, 'reset');
  assert.deepEqual(faults.list(), [{ kind: 'reset', bitten: 1 }]);
  nowMs += 1e9;
  assert.equal(faults.pick(TARGET)?.kind, 'reset');
});

for (const forSeconds of [0, -1, 86_401, '30', null]) {
  test(`checkFaults: forSeconds of ${JSON.stringify(forSeconds)} is refused`, () => {
    assert.throws(
      () => checkFaults([{ kind: 'reset', forSeconds }]),
      /forSeconds: must be a number/,
    );
  });
}

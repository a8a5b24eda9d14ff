/** Which core is whose, and what is said where there are not two. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePinning, coresOf } from './pinning.ts';

test("coresOf: reads the kernel's lists", () => {
  assert.deepEqual(coresOf('0'), [0]);
  assert.deepEqual(coresOf('0-3'), [0, 1, 2, 3]);
  assert.deepEqual(coresOf('1,4-5'), [1, 4, 5]);
});

test('choosePinning: the subject has a core that nothing else has', () => {
  const pinning = choosePinning([2, 5, 6], '/usr/bin/taskset');
  assert.deepEqual(pinning.subject, ['/usr/bin/taskset', '-c', '2']);
  assert.deepEqual(pinning.everywhere, ['/usr/bin/taskset', '-c', '2,5,6']);
  assert.equal(pinning.generatorCore, 5);
  assert.match(pinning.says, /core 2;.*core 5/);
});

for (const [why, cores, taskset] of [
  ['there is one core', [0], '/usr/bin/taskset'],
  ['there is no taskset', [0, 1], undefined],
] as const) {
  test(`choosePinning: nothing is pinned where ${why}, and it says so`, () => {
    const pinning = choosePinning(cores, taskset);
    assert.deepEqual(pinning.subject, []);
    assert.equal(pinning.generatorCore, undefined);
    assert(pinning.says.startsWith(`Nothing is pinned: ${why}`));
  });
}

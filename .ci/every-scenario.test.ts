/** The script of CI runs all scenarios, each for a time in which it can be judged. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SCENARIO_NAMES } from '../loadtest/scenarios/all.ts';
import { readLoadSettings } from '../loadtest/scenarios/settings.ts';

const script = readFileSync(new URL('every-scenario', import.meta.url), 'utf8');
const [, list = ''] = /^for run in (.*); do$/m.exec(script) ?? [];
const runs = list.split(' ').map((run) => run.split(':'));

test('every-scenario: each scenario is run once', () => {
  const names = runs.map(([name = '']) => name);
  assert.deepEqual(names.toSorted(), [...SCENARIO_NAMES].toSorted());
});

for (const [SCENARIO, DURATION] of runs) {
  test(`every-scenario: ${SCENARIO} can be judged in ${DURATION}`, () =>
    assert.equal(readLoadSettings({ SCENARIO, DURATION }).ok, true));
}

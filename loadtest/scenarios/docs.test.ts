/** docs/load.md says of each scenario and each kind of call what the code says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CALL_KINDS } from '../calls/kinds.ts';
import { SCENARIO_NAMES, SCENARIOS } from './all.ts';
import { METRIC } from './metrics.ts';
import { EXIT } from './run-verdict.ts';
import { countedPhases, secondsOf } from './scenario.ts';
import { MINIMUM_CALLS } from './thresholds.ts';

const page = readFileSync(new URL('../../docs/load.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

for (const name of SCENARIO_NAMES) {
  test(`docs/load.md: ${name} has its question, and its own rate and duration`, () => {
    const scenario = SCENARIOS[name]({});
    const counted = countedPhases(scenario);
    const seconds = counted.reduce((sum, phase) => sum + secondsOf(phase), 0);
    const [, , question, rate, duration] = rows.find(([, first]) => first === `\`${name}\``) ?? [];
    assert.equal(question, scenario.question);
    assert.equal(rate, String(counted[0]?.fromPerSecond));
    // The jump of a spike takes a second more.
    assert(Math.abs(Number.parseInt(duration ?? '', 10) - seconds) <= 1, `${duration} ${seconds}`);
  });
}

test('docs/load.md: it says what each metric of the load means', () => {
  const names = rows.map(([, first]) => first).join(' ');
  for (const name of Object.values(METRIC)) assert(names.includes(`\`${name}\``), name);
});

test('docs/load.md: it has each kind of call, each exit code, and the least number of calls', () => {
  for (const kind of CALL_KINDS)
    assert(
      rows.some(([, first]) => first === `\`${kind}\``),
      kind,
    );
  for (const code of Object.values(EXIT)) assert(rows.some(([, first]) => first === `${code}`));
  assert(page.includes(`from ${MINIMUM_CALLS} calls on`));
});

/** The script of the job `k6`: it is green only if k6 made every run, and a light one was conclusive. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { SCENARIO_NAMES } from '../loadtest/scenarios/all.ts';
import { readLoadSettings } from '../loadtest/scenarios/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'every-scenario-'));
after(() => rmSync(folder, { recursive: true }));
const SCRIPT = join(folder, '.ci/every-scenario');
mkdirSync(dirname(SCRIPT));
cpSync(new URL('./every-scenario', import.meta.url), SCRIPT);

/** Stands in for a run: writes what the scenario's run would have, unless there is to be no summary. */
const RUN = `#!/usr/bin/env bash
answer=ANSWER_$SCENARIO
IFS=: read -r code driver <<< "\${!answer:-0:k6}"
echo "told $SCENARIO $DURATION"
mkdir -p "$RESULTS_DIR"
[[ $driver == none ]] ||
  printf '{\\n  "driver": "%s",\\n  "scenario": "x"\\n}\\n' "$driver" > "$RESULTS_DIR/2026-01-01T00-00-00-$SCENARIO.json"
exit "$code"
`;
const NODE = join(folder, 'node_modules/.bin/node');
mkdirSync(dirname(NODE), { recursive: true });
writeFileSync(NODE, RUN);
chmodSync(NODE, 0o755);

/** @param answers exit code and driver, by scenario */
function everyScenario(answers: Record<string, string> = {}) {
  const given = Object.entries(answers).map(([name, answer]) => [`ANSWER_${name}`, answer]);
  const env = { PATH: process.env['PATH'], ...Object.fromEntries(given) };
  const { status, stdout } = spawnSync(SCRIPT, { env, encoding: 'utf8' });
  return { status, stdout, failed: /^failed: (.*)$/m.exec(stdout)?.[1] };
}

test('every scenario: each that there is has a run that is long enough to be judged', () => {
  const { status, stdout } = everyScenario();
  assert.equal(status, 0, stdout);
  const told = [...stdout.matchAll(/^told (\w+) (\w+)$/gm)];
  assert.deepEqual(told.map(([, name]) => name).toSorted(), [...SCENARIO_NAMES].toSorted());
  for (const [, SCENARIO, DURATION] of told) {
    assert.equal(readLoadSettings({ SCENARIO, DURATION }).ok, true, SCENARIO);
  }
});

const CASES: [what: string, answers: Record<string, string>, failed: string | undefined][] = [
  ['a large scenario may be inconclusive', { stress: '75:k6', breakpoint: '75:k6' }, undefined],
  ['smoke may not', { smoke: '75:k6' }, 'smoke'],
  ['load may not', { load: '75:k6' }, 'load'],
  ['a miss fails', { soak: '99:k6', mixed: '3:k6' }, 'soak mixed'],
  ['a run by the driver in Node fails', { batch: '0:node' }, 'batch (not by k6)'],
  ['a run without a summary fails', { chaos: '0:none' }, 'chaos (not by k6)'],
];
for (const [what, answers, failed] of CASES) {
  test(`every scenario: ${what}`, () => {
    const ended = everyScenario(answers);
    assert.deepEqual([ended.status, ended.failed], [failed === undefined ? 0 : 1, failed]);
  });
}

test('the job k6: its stack is that of Docker Compose, which has the image of k6', () => {
  const workflow = readFileSync(new URL('../.github/workflows/ci.yml', import.meta.url), 'utf8');
  const steps: { run?: string; env?: object }[] = parse(workflow).jobs.k6.steps;
  const up = steps.findIndex(({ run }) => run === 'STACK=compose make up');
  assert(up >= 0 && up < steps.findIndex(({ run }) => run === '.ci/every-scenario'));
});

/** The check of mutants itself: a tested rule has none that live, an untested one has nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTool } from '../../local/paths.ts';
import { judgeMutants } from './mutation.ts';
import { complaints } from './mutation-main.ts';
import type { RuleFile, TestFile } from './rule-files.ts';

const promtool = findTool('promtool') ?? 'promtool';
const FILE: RuleFile = {
  name: 'trial.yml',
  groups: [
    {
      name: 'g',
      rules: [
        { record: 'job:calls:increase10m', expr: 'sum by (job) (increase(calls_total[10m]))' },
        { alert: 'ManyCalls', expr: 'job:calls:increase10m > 15', for: '4m' },
        { alert: 'Untested', expr: 'up == 0' },
      ],
    },
  ],
};
/** Four calls a minute from 10m to 14m; `at` are the minutes that are looked at, and whether it fires. */
const tests = (...at: readonly [minute: number, fires: boolean][]): TestFile => ({
  name: 'trial.test.yml',
  rule_files: ['../rules/trial.yml'],
  evaluation_interval: '1m',
  tests: [
    {
      interval: '1m',
      input_series: [{ series: 'calls_total{job="a"}', values: '100x9 104+4x4 120x30' }],
      alert_rule_test: at.map(([minute, fires]) => ({
        eval_time: `${minute}m`,
        alertname: 'ManyCalls',
        exp_alerts: fires ? [{ exp_labels: { job: 'a' } }] : [],
      })),
    },
  ],
});

const living = async (file: TestFile) =>
  (await judgeMutants(promtool, [FILE], [file]))
    .filter(({ killed }) => !killed)
    .map((v) => v.mutant);

test('mutants: those of a rule that is tested at its edges die, those of one without tests live', async () => {
  assert.deepEqual(await living(tests([16, false], [17, true], [20, true], [21, false])), [
    'Untested: == to != at 3',
    'Untested: 0 to 1 at 6',
  ]);
});

test('mutants: a test that looks only once leaves the time to wait alive', async () => {
  assert.deepEqual(await living(tests([17, true])), [
    'ManyCalls: for 4m to 120s',
    'Untested: == to != at 3',
    'Untested: 0 to 1 at 6',
  ]);
});

test('mutants: tests that fail without any mutant are an error, as they would kill all', async () => {
  await assert.rejects(living(tests([5, true])), /the tests of .+ fail as it is/);
});

test('complaints: a survivor needs a reason, and a reason needs a survivor', () => {
  const verdicts = [
    { mutant: 'A: x', killed: true },
    { mutant: 'B: y', killed: false },
    { mutant: 'C: z', killed: false },
  ];
  assert.deepEqual(
    complaints(verdicts, { 'B: y': 'the same', 'A: x': 'wrong', 'D: gone': 'old' }),
    [
      'no test kills C: z',
      'survivors.ts lists what is no survivor: A: x',
      'survivors.ts lists what is no survivor: D: gone',
    ],
  );
});

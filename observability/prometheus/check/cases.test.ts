/** Every alert has test cases of all kinds that apply to it, and the kinds are told apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kind, missingCases } from './cases.ts';
import {
  type AlertCheck,
  type Rule,
  readRuleFiles,
  readTestFiles,
  rulesOf,
  type TestCase,
} from './rule-files.ts';

const committed = readTestFiles().flatMap(({ tests }) => tests);

for (const file of readRuleFiles()) {
  const alerts = rulesOf(file).filter(({ alert }) => alert !== undefined);
  for (const [name, rules] of Map.groupBy(alerts, ({ alert }) => alert)) {
    test(`${file.name}: ${name} has every kind of test case that applies to it`, () => {
      for (const rule of rules) assert.deepEqual(missingCases(rule, committed), []);
    });
  }
}

test('rules: each alert has severity, kind, pack, summary, description and both links, but the documented one is as written', () => {
  for (const { alert, labels = {}, annotations = {} } of readRuleFiles().flatMap(rulesOf)) {
    if (alert === undefined || alert === 'HighClaudeErrorRate') continue;
    assert.match(labels['severity'] ?? '', /^(page|ticket|info)$/, alert);
    assert.match(labels['kind'] ?? '', /^(symptom|cause|monitoring)$/, alert);
    assert.equal(labels['pack'], 'claude-observatory', alert);
    const { summary = '', description = '', runbook_url = '', dashboard_url = '' } = annotations;
    assert.match(summary, alert === 'Watchdog' ? /./ : /\{\{.*\}\}/, alert);
    assert.match(description, /\.$/, alert);
    assert.match(runbook_url, new RegExp(`^http.*/${alert}\\.md$`), alert);
    assert.match(dashboard_url, /^http.*\/d\/claude-/, alert);
  }
});

const check = (eval_time: string, fires: boolean): AlertCheck => ({
  eval_time,
  alertname: 'A',
  exp_alerts: fires
    ? [{ exp_labels: { severity: 'page' }, exp_annotations: { summary: 's' } }]
    : [],
});
const history = (checks: readonly AlertCheck[], name = 'a history'): TestCase => ({
  name,
  interval: '1m',
  input_series: [{ series: 'a', values: '1' }],
  alert_rule_test: checks,
});
const NO_DATA: TestCase = {
  interval: '1m',
  input_series: [],
  alert_rule_test: [check('1h', false)],
};
const FULL = [check('9m', false), check('10m', true), check('20m', false)];
const rule = (expr: string): Rule => ({ alert: 'A', expr, for: '5m' });
const SHARE = rule('sum(rate(a[5m])) / sum(rate(b[5m])) > 0.1');
const ABSENCE = rule('absent(up)');

const CASES: readonly [title: string, rule: Rule, tests: readonly TestCase[], missing: Kind[]][] = [
  ['all kinds', rule('a > 1'), [history(FULL), NO_DATA], []],
  ['no test at all', rule('a > 1'), [], ['fires', 'waits', 'clears', 'no data']],
  [
    'tests of another alert',
    { ...rule('a > 1'), alert: 'B' },
    [history(FULL), NO_DATA],
    ['fires', 'waits', 'clears', 'no data'],
  ],
  ['no check before it fires', rule('a > 1'), [history(FULL.slice(1)), NO_DATA], ['waits']],
  ['no check after it has fired', rule('a > 1'), [history(FULL.slice(0, 2)), NO_DATA], ['clears']],
  [
    'no labels and annotations',
    rule('a > 1'),
    [
      history([
        { ...check('9m', false) },
        { eval_time: '10m', alertname: 'A', exp_alerts: [{}] },
        check('1d1m', false),
      ]),
      NO_DATA,
    ],
    ['fires'],
  ],
  ['a share without low traffic', SHARE, [history(FULL), NO_DATA], ['low traffic']],
  ['a share at low traffic', SHARE, [history(FULL, 'A is silent at low traffic'), NO_DATA], []],
  [
    'a rate by a number, which is no share',
    rule('rate(a[5m]) / 60 > 1'),
    [history(FULL), NO_DATA],
    [],
  ],
  ['an absence, which has to fire without data', ABSENCE, [history(FULL)], []],
  [
    'a series that it reads in place of no data',
    rule('a > 1'),
    [history(FULL), { ...NO_DATA, input_series: [{ series: 'a{b="c"}', values: '0' }] }],
    ['no data'],
  ],
  [
    'a target that is scraped and has no series that it reads',
    rule('a_total > 1 and up == 1'),
    [history(FULL), { ...NO_DATA, input_series: [{ series: 'up{job="x"}', values: '1' }] }],
    [],
  ],
];
for (const [title, alert, tests, missing] of CASES) {
  test(`missingCases: ${title} lacks ${missing.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(missingCases(alert, tests), missing);
  });
}

/** Each profile has the alerts of its objectives, and runbooks find all of them by these names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { slo } from '../../slo.ts';
import { ruleFiles } from './files.ts';

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
const rulesOf = (profile: keyof typeof slo.profiles, file: string): Rule[] =>
  parse(ruleFiles(slo.profiles[profile])[file] ?? '').groups.flatMap(
    ({ rules }: { rules: Rule[] }) => rules,
  );
const alertsOf = (profile: keyof typeof slo.profiles, file: string) => [
  ...new Set(rulesOf(profile, file).flatMap(({ alert }) => alert ?? [])),
];
const burns = (objective: string) =>
  ['Fast', 'Medium', 'Slow', 'Trickle'].map((speed) => `Claude${objective}Burn${speed}`);
const OTHERS = [
  'ClaudeErrorBudgetExhausted',
  'ClaudeErrorBudgetRunsOutSoon',
  'AllCallsFailing',
  'ClaudeFailuresAtLowTraffic',
  'ClaudeProbeFailing',
];

test('rules of documented: four burn rates for each of four objectives', () => {
  const objectives = ['Availability', 'Latency', 'FirstToken', 'Overhead'];
  assert.deepEqual(alertsOf('documented', 'objectives.yml'), [
    ...objectives.flatMap(burns),
    ...OTHERS,
  ]);
});

test('rules of production: no objective for whole calls', () => {
  const objectives = ['Availability', 'FirstToken', 'Overhead'];
  assert.deepEqual(alertsOf('production', 'objectives.yml'), [
    ...objectives.flatMap(burns),
    ...OTHERS,
  ]);
  const recordings = JSON.stringify(rulesOf('production', 'recording.yml'));
  assert(!recordings.includes('claude_latency'));
});

test('rules of production: a limit of whole seconds is found in Prometheus 2 and 3', () => {
  const [first] = rulesOf('production', 'recording.yml').filter(({ expr }) =>
    /first_token.*le=/.test(expr),
  );
  assert(
    first?.expr.includes('claude_api_time_to_first_token_seconds_bucket{le=~"5|5.0"}'),
    first?.expr,
  );
});

test('rules of each profile: every recording that an alert reads is recorded', () => {
  for (const name of Object.keys(slo.profiles) as (keyof typeof slo.profiles)[]) {
    const files = ruleFiles(slo.profiles[name]);
    const text = Object.values(files).join('\n');
    const read = new Set(text.match(/\bjob:[\w:]+/g));
    const recorded = new Set([...text.matchAll(/record: (\S+)/g)].map(([, record]) => record));
    assert.deepEqual(
      [...read].filter((record) => !recorded.has(record)),
      [],
    );
    assert(read.size > 50);
  }
});

test('rules of each profile: links lead to its own addresses', () => {
  for (const [name, { urls }] of Object.entries(slo.profiles)) {
    for (const { annotations } of rulesOf(name as keyof typeof slo.profiles, 'objectives.yml')) {
      assert(annotations?.['runbook_url']?.startsWith(`${urls.runbooks}/`));
      assert(annotations?.['dashboard_url']?.startsWith(`${urls.dashboards}/d/`));
    }
  }
});

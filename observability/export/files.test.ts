/** The files of an export fit together: rules, tests, runbooks and manifests speak of the same alerts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { slo } from '../slo.ts';
import { exportedFiles } from './files.ts';
import { readExportOptions } from './options.ts';

function filesOf(env: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const read = readExportOptions(env);
  const files = exportedFiles('options' in read ? read.options : assert.fail(read.problems.join()));
  const byPath = new Map(files.map(({ path, text }) => [path, text]));
  assert.equal(byPath.size, files.length, 'two files have one path');
  return byPath;
}

interface Rule {
  readonly alert?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function alertsIn(files: ReadonlyMap<string, string>): Rule[] {
  return [...files]
    .filter(([path]) => path.startsWith('prometheus/rules/'))
    .flatMap(([, text]) => parse(text).groups.flatMap(({ rules }: { rules: Rule[] }) => rules))
    .filter(({ alert }) => alert !== undefined);
}

for (const PROFILE of Object.keys(slo.profiles)) {
  test(`exportedFiles: each alert of ${PROFILE} has its runbook, and each runbook its alert`, () => {
    const files = filesOf({ PROFILE });
    const linked = alertsIn(files)
      .map(({ annotations }) => annotations?.['runbook_url']?.split('/').at(-1) ?? '')
      // The documented rule is word for word as it was published, without links.
      .concat(PROFILE === 'documented' ? ['HighClaudeErrorRate.md'] : [])
      .filter((page) => page !== '');
    const pages = [...files.keys()].filter((path) => path.startsWith('runbooks/'));
    const expected = new Set(['README.md', 'error-budget-policy.md', ...linked]);
    assert.deepEqual(pages.toSorted(), [...expected].map((page) => `runbooks/${page}`).toSorted());
  });
}

test('exportedFiles: the runbooks have the limits of the profile that is exported', () => {
  const policy = filesOf({ PROFILE: 'production' }).get('runbooks/error-budget-policy.md') ?? '';
  assert(policy.includes('within 5000 ms'), policy);
  assert(!policy.includes('| latency'), policy);
});

test('exportedFiles: no link of a runbook leads out of the folder, and each leads to a page', () => {
  const files = filesOf({});
  const pages = [...files].filter(([path]) => path.startsWith('runbooks/'));
  for (const [path, text] of pages) {
    for (const [link, target = ''] of text.matchAll(/\]\(((?!https?:)[^)#]+)[^)]*\)/g)) {
      assert(files.has(`runbooks/${target}`), `${path}: ${link}`);
    }
  }
});

test('exportedFiles: a PrometheusRule holds the very rules of its file', () => {
  const files = filesOf({ JOB: 'team-a/claude' });
  const rules = [...files].filter(([path]) => path.startsWith('prometheus/rules/'));
  assert(rules.length >= 4);
  for (const [path, text] of rules) {
    const name = path.split('/').at(-1)?.replace('.yml', '.yaml');
    const manifest = files.get(`kubernetes/prometheus-rule-${name}`) ?? assert.fail(path);
    assert.deepEqual(parse(manifest).spec, parse(text));
  }
});

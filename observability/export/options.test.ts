import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from '../local/paths.ts';
import { readExportOptions } from './options.ts';

test('readExportOptions: without variables it is the production profile in the folder export', () => {
  for (const env of [{}, { PROFILE: '', NAMESPACE: '', JOB: '', DATASOURCE: '', OUT: '' }]) {
    assert.deepEqual(readExportOptions(env), {
      options: {
        profile: 'production',
        namespace: 'monitoring',
        job: 'claude-observatory',
        labels: {},
        folder: `${ROOT}export`,
      },
    });
  }
});

const BAD: readonly [variable: string, value: string][] = [
  ['PROFILE', 'staging'],
  ['PROFILE', '__proto__'],
  ['PROFILE', 'Production'],
  ['NAMESPACE', 'Team-A'],
  ['NAMESPACE', '-a'],
  ['NAMESPACE', 'a.b'],
  ['NAMESPACE', 'a\nkind: Secret'],
  ['NAMESPACE', 'ä'],
  ['NAMESPACE', 'a'.repeat(64)],
  ['APP_NAMESPACE', 'Team-A'],
  ['LABELS', 'release'],
  ['LABELS', 'release=a b'],
  ['LABELS', 'a=b\nc: d'],
  ['LABELS', 'a=b,'],
  ['LABELS', 'A/b=c'],
  ['JOB', 'stack'],
  ['JOB', 'a b'],
  ['JOB', 'a"} or vector(1) #'],
  ['JOB', 'a\\'],
  ['JOB', "a'"],
  ['JOB', '{{ $labels }}'],
  ['JOB', '.*'],
  ['JOB', 'a|b'],
  ['JOB', '-'],
  ['JOB', 'a\n'],
  ['JOB', 'a'.repeat(129)],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
  ['DATASOURCE', '${datasource}'],
  ['DATASOURCE', '"'],
  ['DATASOURCE', 'a'.repeat(41)],
  ['OUT', 'a\0b'],
];
for (const [variable, value] of BAD) {
  test(`readExportOptions: ${variable}=${JSON.stringify(value.slice(0, 24))} is refused in words`, () => {
    const read = readExportOptions({ [variable]: value });
    assert('problems' in read);
    assert.equal(read.problems.length, 1);
    assert.match(read.problems[0] ?? '', new RegExp(`^${variable} must be `));
  });
}

test('readExportOptions: every problem is named, not the first alone', () => {
  const read = readExportOptions({ PROFILE: 'x', NAMESPACE: 'X', JOB: '', DATASOURCE: 'ok' });
  assert('problems' in read);
  assert.deepEqual(
    read.problems.map((problem) => problem.split(' ')[0]),
    ['PROFILE', 'NAMESPACE'],
  );
});

test('readExportOptions: labels and the namespace of the pods are those that were named', () => {
  const LABELS = 'release=prometheus,example.com/team=a';
  const read = readExportOptions({ LABELS, APP_NAMESPACE: 'apps' });
  assert('options' in read);
  assert.deepEqual(read.options.labels, { release: 'prometheus', 'example.com/team': 'a' });
  assert.equal(read.options.appNamespace, 'apps');
});

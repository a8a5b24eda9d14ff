import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { readTestFiles } from '../prometheus/check/rule-files.ts';
import { readExportOptions } from './options.ts';
import { ruleTests } from './rule-tests.ts';

function casesOf(PROFILE: string): string[] {
  const read = readExportOptions({ PROFILE });
  const files = ruleTests('options' in read ? read.options : assert.fail(read.problems.join()));
  return files.flatMap(({ path, text }) =>
    parse(text).tests.map(({ name }: { name?: string }) => `${path}: ${name}`),
  );
}

test('ruleTests: the documented profile keeps every case', () => {
  const all = readTestFiles().reduce((sum, { tests }) => sum + tests.length, 0);
  assert.equal(casesOf('documented').length, all);
});

test('ruleTests: the production profile leaves out the cases of objectives and rules that it lacks, and no others', (t) => {
  const production = casesOf('production');
  const left = casesOf('documented').filter((name) => !production.includes(name));
  t.diagnostic(`${production.length} cases, without: ${left.join(', ')}`);
  assert(production.some((name) => name.includes('ClaudeFirstTokenBurnFast')));
  for (const name of left) assert.match(name, /[Ll]atency|documented|first.token|recordings/, name);
});

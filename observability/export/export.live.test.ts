/** `make export` as it is typed: what it writes, what it refuses, and Prometheus' own check of the rules. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ruleFiles } from '../generate/rules/files.ts';
import { findTool, ROOT } from '../local/paths.ts';
import { type Profile, slo } from '../slo.ts';
import { casesFor } from './rule-tests.ts';

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'export-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function written(folder: string, pattern: string): string[] {
  const files = globSync(join(folder, 'prometheus', pattern));
  assert(files.length > 3, pattern);
  return files;
}

/** A copy of what the export needs, with a change in slo.ts. */
function projectWith(t: TestContext, before: string, after: string): string {
  const copy = emptyFolder(t);
  for (const folder of ['app', 'observability', 'loadtest']) {
    cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
  }
  for (const name of ['package.json', 'CHANGELOG.md']) cpSync(join(ROOT, name), join(copy, name));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const file = join(copy, 'observability/slo.ts');
  const text = readFileSync(file, 'utf8');
  assert(text.includes(before));
  writeFileSync(file, text.replace(before, after));
  return copy;
}

function runExport(variables: Readonly<Record<string, string>>, cwd = ROOT) {
  const env = { ...process.env, ...variables };
  const args = ['observability/export/main.ts'];
  return spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });
}

const promtool = (...args: string[]) => execFileSync(findTool('promtool') ?? 'promtool', args);

for (const PROFILE of Object.keys(slo.profiles)) {
  test(`make export PROFILE=${PROFILE}: promtool checks and tests the rules, which have the job that was named`, (t) => {
    const OUT = emptyFolder(t);
    const { status, stderr, stdout } = runExport({ PROFILE, JOB: 'team-a/claude.eu', OUT });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /files in .+ Begin with README\.md\.\n$/);
    promtool('check', 'rules', '--lint=all', '--lint-fatal', ...written(OUT, 'rules/*.yml'));
    promtool('test', 'rules', ...written(OUT, 'tests/*.test.yml'));
  });
}

test('make export: nothing of the local stack is in the production profile', (t) => {
  const OUT = emptyFolder(t);
  assert.equal(runExport({ OUT, JOB: 'team-a/claude' }).status, 0);
  // Runbooks tell how to reproduce an alert in the local stack.
  const files = globSync(join(OUT, '**/*.{yml,yaml,json}'));
  assert(files.length > 20);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    assert(!/127\.0\.0\.1|localhost|:9095/.test(text), file);
    // The label of the pack has the same name.
    const others = text.replaceAll(`pack: ${slo.pack}`, '');
    if (file.includes('/prometheus/')) assert(!others.includes(slo.jobs.service), file);
  }
});

test('make export: bad variables are named, the exit code is 78 and nothing is written', (t) => {
  const OUT = join(emptyFolder(t), 'out');
  const { status, stderr } = runExport({ PROFILE: 'staging', NAMESPACE: 'A B', OUT });
  assert.equal(status, 78);
  assert.match(stderr, /^export: PROFILE must be one of documented, production$/m);
  assert.match(stderr, /^export: NAMESPACE must be a name of Kubernetes/m);
  assert.match(stderr, /^export: nothing was written$/m);
  assert.equal(existsSync(OUT), false);
});

test('casesFor: the cases that are left of objectives that somebody has changed hold for the rules of these', (t) => {
  const production: Profile = slo.profiles.production;
  const changed: Profile = {
    ...production,
    objectives: {
      availability: { goodRatio: 0.999 },
      first_token: { goodRatio: 0.95, limitMs: 10_000 },
      overhead: { goodRatio: 0.99, limitMs: 100 },
    },
  };
  const OUT = emptyFolder(t);
  const files = (folder: string, texts: Readonly<Record<string, string>>) => {
    mkdirSync(join(OUT, folder));
    return Object.entries(texts).map(([name, text]) => {
      writeFileSync(join(OUT, folder, name), text);
      return join(OUT, folder, name);
    });
  };
  promtool('check', 'rules', ...files('rules', ruleFiles(changed)));
  const cases = files('tests', casesFor(changed));
  assert(cases.some((file) => file.endsWith('overhead.test.yml')));
  promtool('test', 'rules', ...cases);
});

test('make export: a budget of 0 dollars leaves no alert, panel, case or link that speaks of one', (t) => {
  const OUT = emptyFolder(t);
  const copy = projectWith(t, 'spendDollarsPerMonth: 1000', 'spendDollarsPerMonth: 0');
  const { status, stderr } = runExport({ OUT }, copy);
  assert.equal(status, 0, stderr);
  const files = globSync(join(OUT, '**/*.*'));
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    assert(!/ClaudeSpend(?:OverBudget|RateHigh)\b.*(?:\.md|:)/.test(text), file);
    assert(!/ \/ 0(?![.\d])|month’s budget spent|budget of 0/.test(text), file);
  }
  const cost = readFileSync(join(OUT, 'grafana/cost.json'), 'utf8');
  assert.match(cost, /"title": "Spent in 30 days"/);
  promtool('check', 'rules', '--lint=all', '--lint-fatal', ...written(OUT, 'rules/*.yml'));
  promtool(
    'test',
    'rules',
    ...written(OUT, 'tests/causes-{cost,keys,no-data,spend,telemetry}.test.yml'),
  );
});

test('make export: the cases hold too where the programs around the service have other jobs', (t) => {
  const OUT = emptyFolder(t);
  const copy = projectWith(t, "stack: 'stack'", "stack: 'prometheus|otel-collector'");
  const { status, stderr } = runExport({ OUT, JOB: 'a/b' }, copy);
  assert.equal(status, 0, stderr);
  const monitoring = readFileSync(join(OUT, 'prometheus/rules/monitoring.yml'), 'utf8');
  assert.equal(monitoring.match(/job=~"prometheus\|otel-collector"/g)?.length, 6);
  const causes = readFileSync(join(OUT, 'prometheus/rules/causes.yml'), 'utf8');
  assert(causes.includes('up{job=~"a/b|prometheus|otel-collector"} == 0'));
  promtool(
    'test',
    'rules',
    ...written(
      OUT,
      'tests/{monitoring,scrape-targets,causes-collector,causes-no-data,causes-telemetry}.test.yml',
    ),
  );
});

test('make export: objectives that make generate refuses are refused, with their line', (t) => {
  const OUT = join(emptyFolder(t), 'out');
  const copy = projectWith(t, 'goodRatio: 0.995', 'goodRatio: 1');
  const { status, stderr } = runExport({ OUT }, copy);
  assert.equal(status, 78, stderr);
  assert.match(stderr, /^export: observability\/slo\.ts:\d+ \w+\.objectives\.availability/m);
  assert.equal(existsSync(OUT), false);
});

test('make export: OUT that is a file, or lies below one, is refused in words', (t) => {
  const file = join(emptyFolder(t), 'file');
  writeFileSync(file, 'mine');
  for (const OUT of [file, join(file, 'below')]) {
    const { status, stderr } = runExport({ OUT });
    assert.equal(status, 78, stderr);
    assert.match(stderr, /^export: .*(?:is no folder|ENOTDIR)/m);
    assert(!stderr.includes('    at '), stderr);
  }
});

test('make export: files of others beside an earlier export stay, through a link too', (t) => {
  const folder = emptyFolder(t);
  const OUT = join(folder, 'link');
  mkdirSync(join(folder, 'real'));
  symlinkSync('real', OUT);
  assert.equal(runExport({ OUT }).status, 0);
  const mine = join(folder, 'real/kubernetes/overlay.yaml');
  writeFileSync(mine, 'mine: true');
  const { status, stderr } = runExport({ OUT, PROFILE: 'documented' });
  assert.equal(status, 0, stderr);
  assert(existsSync(mine));
  assert(existsSync(join(folder, 'real/prometheus/rules/documented.yml')));
  assert.equal(runExport({ OUT, PROFILE: 'production' }).status, 0);
  assert.equal(existsSync(join(folder, 'real/prometheus/rules/documented.yml')), false);
});

test('make export: a folder with anything else in it, and no earlier export, is left alone', (t) => {
  const OUT = emptyFolder(t);
  const mine = join(OUT, 'mine.yml');
  writeFileSync(mine, 'groups: []');
  const refused = runExport({ OUT });
  assert.equal(refused.status, 78);
  assert.match(refused.stderr, /is not empty and holds no earlier export/);
  assert(existsSync(mine));
  rmSync(mine);
  assert.equal(runExport({ OUT }).status, 0);
});

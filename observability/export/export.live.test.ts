/** `make export` as it is typed: what it writes, what it refuses, and Prometheus' own check of the rules. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findTool, ROOT } from '../local/paths.ts';
import { slo } from '../slo.ts';

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

function runExport(variables: Readonly<Record<string, string>>) {
  const env = { ...process.env, ...variables };
  const args = ['observability/export/main.ts'];
  return spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' });
}

const promtool = (...args: string[]) => execFileSync(findTool('promtool') ?? 'promtool', args);

for (const PROFILE of Object.keys(slo.profiles)) {
  test(`make export PROFILE=${PROFILE}: promtool checks and tests the rules, which have the job that was named`, (t) => {
    const OUT = emptyFolder(t);
    const { status, stderr, stdout } = runExport({ PROFILE, JOB: 'team-a/claude.eu', OUT });
    assert.equal(status, 0, stderr);
    assert(stdout.startsWith('README.md\n'), stdout);
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
    if (file.includes('/prometheus/')) assert(!text.includes(slo.jobs.service), file);
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

test('make export: a folder with anything else in it is left alone, an earlier export is replaced', (t) => {
  const OUT = emptyFolder(t);
  const mine = join(OUT, 'mine.yml');
  writeFileSync(mine, 'groups: []');
  const refused = runExport({ OUT });
  assert.equal(refused.status, 78);
  assert.match(refused.stderr, /is not empty and holds no earlier export/);
  assert(existsSync(mine));
  rmSync(mine);
  assert.equal(runExport({ OUT }).status, 0);
  const left = join(OUT, 'prometheus/rules/of-an-earlier-export.yml');
  writeFileSync(left, 'groups: []');
  assert.equal(runExport({ OUT }).status, 0);
  assert.equal(existsSync(left), false);
});

/** The page names its commit where there is one, and its day. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { originOf } from './origin.ts';

test('originOf: the short commit of a repository, and none where there is no repository', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'origin-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  assert.equal(originOf(folder).commit, undefined);
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@b.c'];
  const git = (...args: readonly string[]) =>
    spawnSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' });
  if (git('init', '-q').error) return t.skip('there is no git here');
  git('commit', '-q', '--allow-empty', '-m', 'first');
  const { commit = '', date } = originOf(folder);
  assert.match(commit, /^[0-9a-f]{7,}$/);
  assert(git('rev-parse', 'HEAD').stdout.startsWith(commit));
  assert.match(date, /^\d{4}-\d\d-\d\d$/);
});

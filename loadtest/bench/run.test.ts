/** `make bench` refuses what it cannot do, before it measures anything. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));

test('make bench: bad options end it with 78, each named', () => {
  const env = { PATH: process.env['PATH'], ROUNDS: 'many', SUBJECTS: 'nobody', QUICK: '2' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN], { env, encoding: 'utf8' });
  assert.equal(status, 78);
  assert.equal(stdout, '');
  for (const part of ['ROUNDS=many', 'nobody', 'QUICK=2']) assert(stderr.includes(part), stderr);
});

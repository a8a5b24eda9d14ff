/** `make generate` stops before it writes anything when slo.ts cannot be used. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../local/paths.ts';

test('generate: an objective of 100 % is refused with its line, and no file is written', async (t) => {
  const copy = mkdtempSync(join(tmpdir(), 'observatory-generate-'));
  t.after(() => rmSync(copy, { recursive: true }));
  for (const name of ['app', 'loadtest', 'observability', 'package.json']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const source = join(copy, 'observability/slo.ts');
  const rules = join(copy, 'observability/prometheus/rules/recording.yml');
  writeFileSync(source, readFileSync(source, 'utf8').replace('goodRatio: 0.995', 'goodRatio: 1'));
  writeFileSync(rules, 'untouched');
  const run = promisify(execFile)(process.execPath, ['observability/generate/main.ts'], {
    cwd: copy,
  });
  const { code, stderr } = await run.then(
    () => assert.fail('it generated'),
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^observability\/slo\.ts:\d+ documented\.objectives\.availability\.goodRatio: /,
  );
  assert.match(stderr, /\nNothing was generated\.\n$/);
  assert.equal(readFileSync(rules, 'utf8'), 'untouched');
});

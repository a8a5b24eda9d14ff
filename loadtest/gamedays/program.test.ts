/** A program that is not there or does not start says so, and is no crash of the run. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Program } from './program.ts';
import { checkTools, NotHere } from './world.ts';

function programOf(t: TestContext, program: string, args: readonly string[] = []): Program {
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'log');
  return new Program({ name: 'It', program, args, cwd: folder, ready: 'http://127.0.0.1:1', log });
}

test('Program: one that is not there is an error that names it, and can be stopped', async (t) => {
  const program = programOf(t, '/nowhere/prometheus');
  await assert.rejects(program.start(), /It does not start: spawn \/nowhere\/prometheus ENOENT/);
  await program.stop();
});

test('Program: one that ends at once is an error with the end of its log', async (t) => {
  const program = programOf(t, process.execPath, ['-e', 'console.log("no port"); process.exit(3)']);
  await assert.rejects(program.start(), /It ended: no port/);
});

test('checkTools: what is missing is named, the collector only where a game day has one', () => {
  const without = (missing: string) => (name: string) => (name === missing ? undefined : name);
  assert.throws(
    () => checkTools({}, without('alertmanager')),
    new NotHere('there is no alertmanager here'),
  );
  assert.throws(() => checkTools({ collector: [] }, without('otelcol')), NotHere);
  checkTools({}, without('otelcol'));
});

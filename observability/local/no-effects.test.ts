/** Importing a module of the local stack does nothing: all that runs, runs from an explicit call. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from './paths.ts';

const directory = mkdtempSync(join(tmpdir(), 'observatory-imports-'));
after(() => rmSync(directory, { recursive: true }));
const called = join(directory, 'called');
const docker = join(directory, 'docker');
writeFileSync(docker, `#!/bin/sh\ntouch ${called}\n`);
chmodSync(docker, 0o755);

const folders = '{observability/{local,alertmanager,generate}/**,.ci}';
const modules = globSync(`${folders}/*.ts`, { cwd: ROOT }).filter(
  (path) => !path.endsWith('.test.ts'),
);

// Reading is allowed, and so is docker, whose stand-in leaves a trace; writing a file throws.
const PERMISSIONS = [
  '--permission',
  '--allow-fs-read=*',
  '--allow-child-process',
  '--allow-addons',
];

for (const path of modules) {
  test(`importing ${path} prints and writes nothing, calls no docker, and ends`, () => {
    const output = execFileSync(
      process.execPath,
      [
        ...PERMISSIONS,
        '--input-type=module',
        '--eval',
        `await import('./${path}'); console.log(process.exitCode);`,
      ],
      {
        cwd: ROOT,
        encoding: 'utf8',
        timeout: 20_000,
        env: { PATH: directory, RUN_DIR: join(directory, 'run'), ENV_FILE: '/dev/null' },
      },
    );
    assert.equal(output, 'undefined\n');
    assert.equal(existsSync(called), false, 'docker was called');
    assert.equal(existsSync(join(directory, 'run')), false, 'a run folder was made');
  });
}

/** Makes load against the running stack: `loadtest.ts k6 | node`; its exit code is the load's own. */
import { spawnSync } from 'node:child_process';
import { composeEnv } from './compose-backend.ts';
import { current } from './current.ts';
import { composeShown } from './engine.ts';
import { findK6, ROOT } from './paths.ts';
import { urlOf } from './ports.ts';

/** EX_UNAVAILABLE of sysexits.h. */
const EXIT_UNAVAILABLE = 69;

function load(program: string, args: readonly string[]): number {
  const { status, error } = spawnSync(program, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, BASE_URL: process.env['BASE_URL'] || urlOf('PORT') },
  });
  if (error) process.stderr.write(`loadtest: ${program} cannot be run: ${error.message}\n`);
  return status ?? 1;
}

function k6(): number {
  const program = findK6();
  if (program) return load(program, ['run', 'loadtest/scenarios/smoke.ts']);
  if (current?.mode === 'compose') return composeShown(['run', '--rm', '-T', 'k6'], composeEnv());
  process.stderr.write(
    'loadtest: no k6 here. Put k6 v2 on PATH, build it with `make k6`, start the stack by Docker\n' +
      'compose, which has one, or use `make loadtest-node`.\n',
  );
  return EXIT_UNAVAILABLE;
}

process.exitCode =
  process.argv[2] === 'node' ? load(process.execPath, ['loadtest/node-driver/drive.ts']) : k6();

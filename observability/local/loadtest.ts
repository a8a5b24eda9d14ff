/** Runs a k6 scenario against the running stack; its exit code is k6's. */
import { spawnSync } from 'node:child_process';
import { urlOf } from './parts.ts';
import { findTool, ROOT } from './paths.ts';

const k6 = process.env['K6'] || findTool('k6');
if (!k6) {
  process.stderr.write(
    'loadtest: no k6 here. Put k6 v2 on PATH, build it with `make k6`, or use `make loadtest-node`.\n',
  );
  process.exit(69);
}
const scenario = process.argv[2] ?? 'loadtest/scenarios/smoke.ts';
const { status } = spawnSync(k6, ['run', scenario], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, BASE_URL: process.env['BASE_URL'] || urlOf('PORT') },
});
process.exitCode = status ?? 1;

/** For tests: ends a run of the repository as soon as its service is spawned, which then does not listen yet. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import { ROOT } from '../../observability/local/paths.ts';
import { childrenOf, isRunning, type Process } from './testing-processes.ts';

/** Each with the exit code that a shell gives it. */
export const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** @param script within the repository @throws {AssertionError} when a process is left, or the exit code is wrong */
export async function endEarly(
  t: TestContext,
  script: string,
  signal: keyof typeof SIGNALS,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const env = { ...process.env, ...settings, NODE_TEST_CONTEXT: undefined };
  const run = spawn(process.execPath, [join(ROOT, script)], { cwd: ROOT, env, stdio: 'ignore' });
  t.after(() => run.kill('SIGKILL'));
  let children: Process[] = [];
  const hasService = () => {
    children = childrenOf(run.pid ?? -1);
    return children.some(({ command }) => command.includes('tuned-service'));
  };
  await eventually(hasService, { timeoutMs: 120_000 });
  const exited = once(run, 'exit');
  run.kill(signal);
  assert.deepEqual(await exited, [SIGNALS[signal], null]);
  await eventually(() => !children.some(isRunning), { timeoutMs: 60_000 });
}

/** Whatever a run has started ends with it, however the run ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';

const CHILDREN = new URL('children.ts', import.meta.url).href;

/** Starts a child that would live for ever, and prints its process ID. */
const PROGRAM = `
import { spawn } from 'node:child_process';
const { endWithUs, exitOnSignals } = await import('${CHILDREN}');
exitOnSignals();
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
endWithUs(child);
console.log(child.pid);
if (process.argv[1] === 'throw') throw new Error('the run breaks');
setInterval(() => {}, 1000);
`;

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

for (const [how, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['throw', 1],
] as const) {
  test(`children: a run that is ended by ${how} leaves none, and exits with ${code}`, async () => {
    const args = ['--input-type=module', '-e', PROGRAM, how];
    const run = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const exited = once(run, 'exit');
    const [line] = await once(createInterface({ input: run.stdout }), 'line');
    if (how !== 'throw') run.kill(how);
    assert.equal((await exited)[0], code);
    await eventually(() => !isThere(Number(line)), { timeoutMs: 30_000 });
  });
}

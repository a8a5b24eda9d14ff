/** What the kernel counts for a process and its descendants. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import { cpuMsOf, processFigures } from './process-figures.ts';

test('cpuMsOf: user and system time, whatever the name of the program', () => {
  const rest = 'S 1 1 1 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 100 1 1';
  assert.equal(cpuMsOf(`17 (node) ${rest}`), 3_000);
  assert.equal(cpuMsOf(`17 (a) b (c) ${rest}`), 3_000);
});

test('processFigures: the time and memory of a child count too', async (t) => {
  const busy = 'while (process.cpuUsage().user < 400_000);process.stdin.resume()';
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(busy)}], { stdio: ['pipe', 'ignore', 'inherit'] })`;
  const child = spawn(process.execPath, ['-e', parent], { stdio: 'ignore' });
  t.after(async () => {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  });
  const pid = child.pid as number;
  const { rssBytes } = await eventually(
    () => {
      const figures = processFigures([pid]);
      return figures.cpuMs > 250 && figures;
    },
    { timeoutMs: 60_000 },
  );
  // Two processes of Node.
  assert(rssBytes > 60e6, `${rssBytes} bytes`);
});

test('processFigures: a process that has ended is an error', async () => {
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  assert.throws(() => processFigures([child.pid as number]), { code: 'ENOENT' });
});

/** Processes are started once, found again, and only the very process started is stopped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const runDir = mkdtempSync(join(tmpdir(), 'observatory-processes-'));
process.env['RUN_DIR'] = runDir;
// After the variable is set: the folder is read when the module is loaded.
const { lastLines, logFile, runningPid, start, startTime, stop } = await import('./processes.ts');
after(() => rmSync(runDir, { recursive: true }));

const STAY = 'setInterval(() => {}, 1e6);';
const node = (name: string, script: string, env = {}) =>
  start({ name, program: process.execPath, args: ['-e', script], cwd: '/', env });

async function until(condition: () => boolean): Promise<void> {
  const limitMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > limitMs) throw new Error('waited 10 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const written = (name: string) => readFileSync(logFile(name), 'utf8');

test('a process is found, its output is in its log, it is stopped and forgotten', async () => {
  node('fixture', `console.log('here'); ${STAY}`);
  const pid = runningPid('fixture') ?? assert.fail('it does not run');
  await until(() => written('fixture') === 'here\n');
  assert.equal(await stop('fixture'), true);
  assert.equal(runningPid('fixture'), undefined);
  assert.equal(startTime(pid), undefined);
  assert.equal(await stop('fixture'), false);
});

test('it gets the environment that was given, and nothing of ours', async () => {
  process.env['CANARY_OF_OURS'] = 'x';
  node('env', 'console.log(JSON.stringify([process.env.GIVEN, process.env.CANARY_OF_OURS]))', {
    GIVEN: 'y',
  });
  await until(() => written('env') === '["y",null]\n');
});

test('one that ignores SIGTERM is killed after the limit', async () => {
  node('stubborn', `process.on('SIGTERM', () => console.log('no')); console.log('on'); ${STAY}`);
  await until(() => written('stubborn') === 'on\n');
  assert.equal(await stop('stubborn', 100), true);
  assert.equal(written('stubborn'), 'on\nno\n');
  assert.equal(runningPid('stubborn'), undefined);
});

test('a recycled PID, another process under the number we wrote, is left alone', async () => {
  const stranger = spawn(process.execPath, ['-e', STAY], { stdio: 'ignore' });
  try {
    writeFileSync(join(runDir, 'recycled.pid'), `${stranger.pid} 1\n`);
    assert.equal(runningPid('recycled'), undefined);
    assert.equal(await stop('recycled'), false);
    assert.equal(existsSync(join(runDir, 'recycled.pid')), false);
    process.kill(stranger.pid ?? assert.fail('it does not run'), 0);
    assert.equal(stranger.signalCode, null);
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('a program that is not there is said in the log', async () => {
  start({ name: 'absent', program: join(runDir, 'no-such-program'), args: [], cwd: '/', env: {} });
  await until(() => written('absent').includes('ENOENT'));
  assert.equal(runningPid('absent'), undefined);
  assert.match(lastLines('absent', 1), /no-such-program/);
});

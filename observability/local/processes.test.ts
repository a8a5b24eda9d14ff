/** Processes are found again after their start, and only the very process that was started is stopped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Processes, startTime } from './processes.ts';

const runDir = mkdtempSync(join(tmpdir(), 'observatory-processes-'));
const processes = new Processes(runDir);
after(() => rmSync(runDir, { recursive: true }));

const STAY = 'setInterval(() => {}, 1e6);';
const node = (name: string, script: string, env = {}) =>
  processes.start(name, { program: process.execPath, args: ['-e', script], cwd: '/', env });

async function until(condition: () => boolean): Promise<void> {
  const limitMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > limitMs) throw new Error('the condition did not hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const written = (name: string) => readFileSync(processes.logFile(name), 'utf8');

test('Processes: a process is found, writes to its log, and is stopped and forgotten', async () => {
  node('fixture', `console.log('here'); ${STAY}`);
  const pid = processes.pidOf('fixture') ?? assert.fail('the process does not run');
  await until(() => written('fixture') === 'here\n');
  assert.equal(await processes.stop('fixture'), true);
  assert.equal(processes.pidOf('fixture'), undefined);
  assert.equal(startTime(pid), undefined);
  assert.equal(await processes.stop('fixture'), false);
});

test('Processes: a process gets the environment that was given, and inherits nothing', async () => {
  process.env['CANARY'] = 'x';
  node('env', 'console.log(JSON.stringify([process.env.GIVEN, process.env.CANARY]))', {
    GIVEN: 'y',
  });
  await until(() => written('env') === '["y",null]\n');
});

test('Processes: a process that ignores SIGTERM is killed after the limit', async () => {
  node('stubborn', `process.on('SIGTERM', () => console.log('no')); console.log('on'); ${STAY}`);
  await until(() => written('stubborn') === 'on\n');
  assert.equal(await processes.stop('stubborn', 100), true);
  assert.equal(written('stubborn'), 'on\nno\n');
  assert.equal(processes.pidOf('stubborn'), undefined);
});

test('Processes: another process under a recycled PID is left alone', async () => {
  const other = spawn(process.execPath, ['-e', STAY], { stdio: 'ignore' });
  try {
    writeFileSync(join(runDir, 'recycled.pid'), `${other.pid} 1\n`);
    assert.equal(processes.pidOf('recycled'), undefined);
    assert.equal(await processes.stop('recycled'), false);
    assert.equal(existsSync(join(runDir, 'recycled.pid')), false);
    process.kill(other.pid ?? assert.fail('the process does not run'), 0);
    assert.equal(other.signalCode, null);
  } finally {
    other.kill('SIGKILL');
  }
});

test('Processes: the log tells of a program that does not exist', async () => {
  processes.start('absent', {
    program: join(runDir, 'no-such-program'),
    args: [],
    cwd: '/',
    env: {},
  });
  await until(() => written('absent').includes('ENOENT'));
  assert.equal(processes.pidOf('absent'), undefined);
  assert.match(processes.lastLines('absent', 1), /no-such-program/);
});

/** A run of game days that is ended by a signal leaves no process, no folder and no cgroup behind, however early it comes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import { ROOT } from '../../observability/local/paths.ts';
import { createMemoryCgroup } from '../lib/cgroup.ts';
import { checkTools } from './world.ts';

/** Why this machine cannot tell, if it cannot. */
function missing(): string | false {
  try {
    checkTools({});
    return process.platform !== 'linux' && 'there is no /proc here';
  } catch (error) {
    return (error as Error).message;
  }
}

/** In a cgroup where this machine has them. */
function faultOf(): string {
  const cgroup = createMemoryCgroup(1024 ** 3, '');
  cgroup?.remove();
  return cgroup ? 'memory_pressure' : 'key_rejected';
}

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

interface Child {
  readonly pid: string;
  readonly command: string;
}

/** The processes that a process has started; zombies have no command. */
function childrenOf(pid: number): Child[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => read(`/proc/${name}/status`).includes(`\nPPid:\t${pid}\n`))
    .map((name) => ({ pid: name, command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ') }));
}

const foldersOf = (fault: string) =>
  new Set(readdirSync(tmpdir()).filter((name) => name.startsWith(`game-day-${fault}-`)));
const cgroups = () =>
  ['/sys/fs/cgroup', '/sys/fs/cgroup/memory']
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root).filter((name) => name.startsWith('claude-observatory-')));

/** Ends a run as soon as its service is spawned, which then does not listen yet. */
async function endEarly(t: TestContext, signal: NodeJS.Signals): Promise<void> {
  const fault = faultOf();
  const [folders, before] = [foldersOf(fault), new Set(cgroups())];
  const env = { ...process.env, FAULT: fault, NODE_TEST_CONTEXT: undefined };
  const run = spawn(process.execPath, [`${ROOT}/loadtest/gamedays/run.ts`], {
    env,
    stdio: 'ignore',
  });
  t.after(() => run.kill('SIGKILL'));
  let children: Child[] = [];
  await eventually(
    () => {
      children = childrenOf(run.pid ?? -1);
      return children.some(({ command }) => command.includes('tuned-service'));
    },
    { timeoutMs: 120_000 },
  );
  const exited = once(run, 'exit');
  run.kill(signal);
  const [code] = await exited;
  assert.equal(code, { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal as 'SIGHUP']);
  const alive = () =>
    children.filter(({ pid, command }) => {
      const now = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      return now !== '' && now === command;
    });
  await eventually(() => alive().length === 0);
  assert.deepEqual(
    [...foldersOf(fault)].filter((name) => !folders.has(name)),
    [],
  );
  assert.deepEqual(
    cgroups().filter((name) => !before.has(name)),
    [],
  );
}

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
  test(
    `make gameday: ${signal} before the service listens leaves nothing behind`,
    {
      skip: missing(),
    },
    (t) => endEarly(t, signal),
  );
}

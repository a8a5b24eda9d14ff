/** Plain processes: started detached, remembered in a file, stopped by the very process started. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RUN_DIR } from './paths.ts';

/** What to run. */
export interface Command {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

const STOP_LIMIT_MS = 35_000;
const POLL_MS = 50;

export function logFile(name: string): string {
  return join(RUN_DIR, `${name}.log`);
}

function pidFile(name: string): string {
  return join(RUN_DIR, `${name}.pid`);
}

/**
 * When a process began, in the kernel's ticks: with it a recycled PID is told from the one started.
 * Field 22 of proc(5)'s stat; the name before it may hold anything, so counting begins after it.
 * @returns undefined when the process has ended
 */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only nobody has asked how.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The PID of a part that we started and that still runs. */
export function runningPid(name: string): number | undefined {
  try {
    const [pid, started] = readFileSync(pidFile(name), 'utf8').trim().split(' ');
    return startTime(Number(pid)) === started ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** Starts a process that outlives us; its output goes to its log, which begins anew. */
export function start({ name, program, args, cwd, env }: Command): void {
  mkdirSync(RUN_DIR, { recursive: true });
  const log = openSync(logFile(name), 'w');
  const child = spawn(program, args, {
    cwd,
    detached: true,
    env,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  // A program that cannot be run has no PID; its health check will say so.
  child.on('error', (error) => writeFileSync(logFile(name), `${error.message}\n`));
  if (child.pid !== undefined) {
    writeFileSync(pidFile(name), `${child.pid} ${startTime(child.pid) ?? ''}\n`);
  }
}

/** Signals a process that may end at this very moment. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** SIGTERM, and SIGKILL to what is still there after the limit. @returns whether it was running */
export async function stop(name: string, stopLimitMs = STOP_LIMIT_MS): Promise<boolean> {
  const pid = runningPid(name);
  if (pid === undefined) {
    rmSync(pidFile(name), { force: true });
    return false;
  }
  signal(pid, 'SIGTERM');
  const limitMs = performance.now() + stopLimitMs;
  while (runningPid(name) !== undefined) {
    if (performance.now() > limitMs) signal(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
  rmSync(pidFile(name), { force: true });
  return true;
}

/** The end of a part's log. */
export function lastLines(name: string, count: number): string {
  try {
    return readFileSync(logFile(name), 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '(no log)';
  }
}

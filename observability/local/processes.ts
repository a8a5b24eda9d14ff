/** Plain processes: started detached, recorded in files, and stopped only if they are still the same ones. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A program to run. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

const STOP_LIMIT_MS = 35_000;
const POLL_MS = 50;

/**
 * When a process began, in the kernel's ticks: it tells a recycled PID from the one that was started.
 * It is field 22 of proc(5)'s stat; counting begins after the name, which may hold anything.
 * @returns undefined when the process has ended
 */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, but its parent has not yet collected its exit status.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
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

/** The processes whose PIDs and logs lie in one folder, by name. */
export class Processes {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  logFile(name: string): string {
    return join(this.#directory, `${name}.log`);
  }

  /** @returns undefined unless the process is running and was started here */
  pidOf(name: string): number | undefined {
    try {
      const [pid, started] = readFileSync(this.#pidFile(name), 'utf8').trim().split(' ');
      return startTime(Number(pid)) === started ? Number(pid) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Starts a process that outlives this one; its output replaces its old log. */
  start(name: string, { program, args, cwd, env }: Command): void {
    mkdirSync(this.#directory, { recursive: true });
    const log = openSync(this.logFile(name), 'w');
    const stdio = ['ignore' as const, log, log];
    const child = spawn(program, args, { cwd, detached: true, env, stdio });
    closeSync(log);
    child.unref();
    // A program that cannot be run has no PID; the health check of its component reports it.
    child.on('error', (error) => writeFileSync(this.logFile(name), `${error.message}\n`));
    if (child.pid !== undefined) {
      writeFileSync(this.#pidFile(name), `${child.pid} ${startTime(child.pid) ?? ''}\n`);
    }
  }

  /** Sends SIGTERM, and SIGKILL after the limit. @returns whether the process was running */
  async stop(name: string, stopLimitMs = STOP_LIMIT_MS): Promise<boolean> {
    const pid = this.pidOf(name);
    if (pid !== undefined) {
      signal(pid, 'SIGTERM');
      const limitMs = performance.now() + stopLimitMs;
      while (this.pidOf(name) !== undefined) {
        if (performance.now() > limitMs) signal(pid, 'SIGKILL');
        await delay(POLL_MS);
      }
    }
    rmSync(this.#pidFile(name), { force: true });
    return pid !== undefined;
  }

  /** The last lines of a process's log. */
  lastLines(name: string, count: number): string {
    try {
      return readFileSync(this.logFile(name), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(-count)
        .join('\n');
    } catch {
      return '(no log)';
    }
  }

  #pidFile(name: string): string {
    return join(this.#directory, `${name}.pid`);
  }
}

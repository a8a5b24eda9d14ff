/** Calls Docker Compose: checks that it works, lists the running services, and runs commands. */
import { execFileSync, spawnSync } from 'node:child_process';
import { ROOT } from './paths.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Compose reads the project's `.env` by itself, unless ENV_FILE names another file.
 * @returns the arguments of `docker`
 */
export function composeArgs({ ENV_FILE }: Environment, command: readonly string[]): string[] {
  return ['compose', ...(ENV_FILE ? ['--env-file', ENV_FILE] : []), ...command];
}

/** @returns what compose prints @throws {Error} when it fails */
function compose(env: Environment, ...command: string[]): string {
  return execFileSync('docker', composeArgs(env, command), {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Runs compose with its output on standard error. @returns its exit code */
export function showCompose(env: Environment, command: readonly string[]): number {
  const { status } = spawnSync('docker', composeArgs(env, command), {
    cwd: ROOT,
    env,
    stdio: ['ignore', 2, 2],
  });
  return status ?? 1;
}

/** Whether a Docker engine answers and has compose. */
export function hasEngine(env: Environment): boolean {
  try {
    const args = ['info', '--format', '{{.ID}}'];
    execFileSync('docker', args, { env, stdio: 'ignore', timeout: 10_000 });
    compose(env, 'version');
    return true;
  } catch {
    return false;
  }
}

/** The names of the running services; none where there is no engine. */
export function runningServices(env: Environment): string[] {
  return lines(env, 'ps', '--services', '--status', 'running');
}

/** Whether compose has made anything that `down` would remove. */
export function hasContainers(env: Environment): boolean {
  return lines(env, 'ps', '--all', '--quiet').length > 0;
}

/** The last lines of a service's log. */
export function serviceLog(env: Environment, name: string, count: number): string {
  const options = ['--no-log-prefix', '--no-color', '--tail', String(count)];
  try {
    return compose(env, 'logs', ...options, name).trimEnd();
  } catch {
    return '(no log)';
  }
}

function lines(env: Environment, ...command: string[]): string[] {
  try {
    return compose(env, ...command)
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

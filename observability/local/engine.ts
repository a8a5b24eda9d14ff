/** Docker compose, where there is one: asked whether it works, which services run, and told what to do. */
import { execFileSync, spawnSync } from 'node:child_process';
import { ROOT } from './paths.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Which `.env` compose reads for itself: the project's own unless ENV_FILE names another. */
function envFile(): string[] {
  const file = process.env['ENV_FILE'];
  return file ? ['--env-file', file] : [];
}

function args(command: readonly string[]): string[] {
  return ['compose', ...envFile(), ...command];
}

/** Its output. @throws {Error} when compose says no */
function compose(...command: string[]): string {
  return execFileSync('docker', args(command), {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Runs compose with its output shown on standard error. @returns its exit code */
export function composeShown(command: readonly string[], env: Env = {}): number {
  const { status } = spawnSync('docker', args(command), {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2],
  });
  return status ?? 1;
}

let engine: boolean | undefined;

/** Whether there is an engine that answers, and a compose that knows it; asked once. */
export function hasEngine(): boolean {
  engine ??= askForEngine();
  return engine;
}

function askForEngine(): boolean {
  try {
    execFileSync('docker', ['info', '--format', '{{.ID}}'], { stdio: 'ignore', timeout: 10_000 });
    compose('version');
    return true;
  } catch {
    return false;
  }
}

/** Names of the services that run now; none when there is no engine. */
export function runningServices(): string[] {
  try {
    return lines(compose('ps', '--services', '--status', 'running'));
  } catch {
    return [];
  }
}

/** Whether compose has made anything that `down` would remove. */
export function hasContainers(): boolean {
  try {
    return lines(compose('ps', '--all', '--quiet')).length > 0;
  } catch {
    return false;
  }
}

/** The end of a service's log. */
export function serviceLog(name: string, count: number): string {
  try {
    return compose(
      'logs',
      '--no-log-prefix',
      '--no-color',
      '--tail',
      String(count),
      name,
    ).trimEnd();
  } catch {
    return '(no log)';
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The settings of the local stack: read once from the shell, the project's `.env` and the stack that is up. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import {
  COMPONENT_NAMES,
  DEFAULT_PORTS,
  PORT_NAMES,
  type PortName,
  type Ports,
} from './components.ts';
import { type Environment, hasEngine, runningServices } from './compose.ts';
import { ROOT } from './paths.ts';
import { Processes } from './processes.ts';

/** Docker compose, or plain processes where there is no engine. */
export const MODES = ['compose', 'processes'] as const;
export type Mode = (typeof MODES)[number];

/** What a stack was started with, so that no other command need be told again. */
export interface RunningStack {
  readonly mode: Mode;
  readonly ports: Readonly<Record<string, number>>;
  readonly simulator: boolean;
}

export interface Settings {
  /** The environment of this command. */
  readonly shell: Environment;
  /** Variables of the shell and of `.env` that hold no secret: every component gets them. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables that hold secrets: only the service gets them. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Whether calls go to a real upstream: a key of the API or upstreams are set. */
  readonly hasUpstream: boolean;
  /** The stack that is up as this command begins. */
  readonly running: RunningStack | undefined;
  /** The value of STACK, which may not be a mode. */
  readonly requestedMode: string | undefined;
  readonly mode: Mode;
  /** NaN stands for a bad port; see `portProblems`. */
  readonly ports: Ports;
  /** Whether the simulator answers in place of Claude; a stack that is up keeps what it was started with. */
  readonly simulator: boolean;
  /** The folder of logs, process IDs and data. */
  readonly runDir: string;
}

/** Variables that hold secrets by themselves. */
const SECRETS = [
  'CLAUDE_API_KEY',
  'VAULT_TOKEN',
  'VAULT_SECRET_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'REDIS_URL',
];
/** Variables that name others which hold secrets, as `env:NAME`. */
const SOURCES = ['CLAUDE_KEYS', 'CLAUDE_SIGNING', 'CLAUDE_UPSTREAMS', 'CALLERS'];

/**
 * @param shell the environment of the command; ENV_FILE replaces the file `.env`, RUN_DIR the
 *   folder `.run`
 */
export function readSettings(shell: Environment): Settings {
  const file = readEnvFile(shell);
  const given = Object.entries({ ...file, ...shell }).filter((e): e is [string, string] => !!e[1]);
  const all = Object.fromEntries(given);
  const runDir = shell['RUN_DIR'] || join(ROOT, '.run');
  const running = readStack(runDir, shell);
  const requestedMode = shell['STACK'] || file['STACK'] || undefined;
  const hasUpstream = ['CLAUDE_API_KEY', 'CLAUDE_KEYS', 'CLAUDE_UPSTREAMS'].some((n) => n in all);
  const port = (name: PortName) => choosePort(name, { shell, running: running?.ports, file });
  return {
    shell,
    variables: Object.fromEntries(given.filter(([name]) => !isSecret(name, all))),
    secrets: Object.fromEntries(given.filter(([name]) => isSecret(name, all))),
    hasUpstream,
    running,
    requestedMode,
    mode: running?.mode ?? modeFor(requestedMode, shell),
    ports: Object.fromEntries(PORT_NAMES.map((name) => [name, port(name)])) as Ports,
    simulator: running?.simulator ?? !hasUpstream,
    runDir,
  };
}

/** A variable that the shell sets, even to nothing, hides that of the file, which is how to keep a key out. */
function readEnvFile(shell: Environment): Environment {
  try {
    const file = parseEnv(readFileSync(shell['ENV_FILE'] || join(ROOT, '.env'), 'utf8'));
    return Object.fromEntries(Object.entries(file).filter(([name]) => shell[name] === undefined));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function isSecret(name: string, all: Environment): boolean {
  const sources = SOURCES.map((source) => all[source] ?? '').join(' ');
  const named = [...sources.matchAll(/\benv:(\w+)/g)].map(([, variable]) => variable);
  return SECRETS.includes(name) || named.includes(name);
}

/** The requested mode, or compose where there is an engine. */
function modeFor(requested: string | undefined, shell: Environment): Mode {
  const mode = MODES.find((known) => known === requested);
  return mode ?? (hasEngine(shell) ? 'compose' : 'processes');
}

/** The shell's port, or that of the stack that is up, or that of `.env`, or the default. */
export function choosePort(
  name: PortName,
  from: {
    readonly shell: Environment;
    readonly running?: RunningStack['ports'] | undefined;
    readonly file: Environment;
  },
): number {
  return Number(from.shell[name] || from.running?.[name] || from.file[name] || DEFAULT_PORTS[name]);
}

const stackFile = (runDir: string) => join(runDir, 'stack.json');

/** @returns undefined when no part of the stack is running, whatever its file says */
function readStack(runDir: string, shell: Environment): RunningStack | undefined {
  try {
    const stack = JSON.parse(readFileSync(stackFile(runDir), 'utf8')) as RunningStack;
    const processes = new Processes(runDir);
    const isUp =
      stack.mode === 'compose'
        ? runningServices(shell).length > 0
        : COMPONENT_NAMES.some((name) => processes.pidOf(name) !== undefined);
    return isUp ? stack : undefined;
  } catch {
    return undefined;
  }
}

export function saveStack({ runDir, mode, ports, simulator }: Settings): void {
  mkdirSync(runDir, { recursive: true });
  const stack: RunningStack = { mode, ports, simulator };
  writeFileSync(stackFile(runDir), JSON.stringify(stack));
}

export function forgetStack({ runDir }: Settings): void {
  rmSync(stackFile(runDir), { force: true });
}

/** @returns a line when STACK is not a mode */
export function modeProblems({ requestedMode }: Settings): string[] {
  if (requestedMode === undefined || MODES.some((mode) => mode === requestedMode)) return [];
  return [`STACK must be ${MODES.join(' or ')}`];
}

/** @returns why the settings contradict the stack that is up; undefined when they do not */
export function conflictWithStack(settings: Settings): string | undefined {
  const { running, requestedMode, ports, hasUpstream, runDir } = settings;
  if (!running) return undefined;
  if (requestedMode && requestedMode !== running.mode) {
    return `it runs by ${running.mode}, and STACK is ${requestedMode}`;
  }
  const changed = PORT_NAMES.filter((name) => ports[name] !== running.ports[name]);
  if (changed.length > 0) return `it has other ports (${changed.join(', ')})`;
  if (hasUpstream && running.simulator) {
    return 'it has the simulator, and CLAUDE_API_KEY, CLAUDE_KEYS or CLAUDE_UPSTREAMS is set';
  }
  const mustStart =
    running.mode === 'compose' || new Processes(runDir).pidOf('service') === undefined;
  if (!hasUpstream && !running.simulator && mustStart) {
    return 'its service was started with a CLAUDE_API_KEY, which is not set now';
  }
  return undefined;
}

/** The two ways to run the stack: by Docker compose where there is an engine, as plain processes elsewhere. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMER_SETTINGS, settingsSchema } from '../../app/config/settings.ts';
import { DEFAULT_KEY } from '../../loadtest/simulator/server.ts';
import { commandOf, layOut, processNames } from './commands.ts';
import { COMPONENT_NAMES, type ComponentName } from './components.ts';
import { composeArgs, runningServices, serviceLog, showCompose } from './compose.ts';
import { ROOT } from './paths.ts';
import { Processes } from './processes.ts';
import type { Settings } from './settings.ts';

/** One way to run the stack. The commands of `stack.ts` work the same on both. */
export interface Backend {
  /** In the order in which they are started. */
  readonly names: readonly ComponentName[];
  /** How long the slowest component may take to become healthy, milliseconds. */
  readonly startLimitMs: number;
  /** Minimum milliseconds between calls to `running` while waiting, because compose is slow to answer. */
  readonly pollEveryMs: number;
  /** Fetches the programs that are missing. @returns whether all are there */
  prepare(): boolean;
  running(): ReadonlySet<ComponentName>;
  /** Starts the components that are not running. @throws {Error} when it cannot */
  start(missing: readonly ComponentName[]): void;
  /** Stops what the last `start` started. */
  undo(missing: readonly ComponentName[]): Promise<void>;
  /** Stops the stack. */
  down(): Promise<void>;
  /** Where the log is, for a reader. */
  logName(name: ComponentName): string;
  log(name: ComponentName, lines: number): string;
  /** A sentence that says what `down` leaves behind. */
  readonly left: string;
}

/** The values of the compose file's variables: the ports, and the upstream that the key belongs to. */
function composeVariables(settings: Settings): Record<string, string> {
  const { variables, secrets, simulator } = settings;
  const ports = Object.entries(settings.ports).map(([name, port]) => [name, String(port)]);
  const upstream = simulator
    ? {
        CLAUDE_API_KEY: variables['SIMULATOR_KEYS']?.split(',')[0] || DEFAULT_KEY,
        CLAUDE_BASE_URL: 'http://simulator:8081',
        CLAUDE_UPSTREAM_NAME: 'simulator',
      }
    : {
        ...secrets,
        CLAUDE_BASE_URL: variables['CLAUDE_BASE_URL'] ?? 'https://api.anthropic.com',
        CLAUDE_UPSTREAM_NAME: variables['CLAUDE_UPSTREAM_NAME'] ?? 'anthropic',
      };
  return { ...Object.fromEntries(ports), ...upstream, RUN_DIR: settings.runDir };
}

/**
 * The settings that the shell gives the service, former ones included, so that it can warn of them. One
 * that is set to nothing hides the value of `.env`.
 */
export function serviceEnv({ shell, secrets }: Pick<Settings, 'shell' | 'secrets'>): string {
  const known = new Set([settingsSchema.shape, FORMER_SETTINGS, secrets].flatMap(Object.keys));
  return Object.keys(shell)
    .filter((name) => shell[name] !== undefined && (known.has(name) || name.startsWith('OTEL_')))
    .map((name) => `${name}=${quoted(shell[name] ?? '')}\n`)
    .join('');
}

/** Compose takes text in single quotes literally, and expands variables in double quotes. */
function quoted(text: string): string {
  return text.includes("'") ? `"${text.replaceAll(/[\\"$]/g, '\\$&')}"` : `'${text}'`;
}

const serviceEnvFile = ({ runDir }: Settings) => join(runDir, 'service.env');

/** The file may hold keys, so only its owner may read it, and `down` removes it. */
function writeServiceEnv(settings: Settings): void {
  mkdirSync(settings.runDir, { recursive: true });
  const file = serviceEnvFile(settings);
  rmSync(file, { force: true });
  writeFileSync(file, serviceEnv(settings), { mode: 0o600, flag: 'wx' });
}

/** @returns a compose command over these settings: the arguments of `docker`, and its environment */
export function composeCommand(settings: Settings, command: readonly string[]) {
  const env = { ...settings.shell, ...composeVariables(settings) };
  return { args: composeArgs(env, command), env };
}

/** Runs a compose command over these settings, its output on standard error. @returns its exit code */
function runCompose(settings: Settings, command: readonly string[]): number {
  return showCompose({ ...settings.shell, ...composeVariables(settings) }, command);
}

function mustCompose(settings: Settings, ...command: string[]): void {
  const code = runCompose(settings, command);
  if (code === 0) return;
  const without = 'make up STACK=processes does without Docker';
  throw new Error(`docker compose ${command[0]} failed (${code}); ${without}`);
}

export function composeBackend(settings: Settings): Backend {
  const names = COMPONENT_NAMES.filter((name) => name !== 'span-store');
  return {
    names,
    // Loki and Tempo take a while to report that they are ready.
    startLimitMs: 120_000,
    pollEveryMs: 2_000,
    // `up` pulls the images.
    prepare: () => true,
    running() {
      const services = new Set(runningServices(settings.shell));
      return new Set(names.filter((name) => services.has(name)));
    },
    start() {
      writeServiceEnv(settings);
      mustCompose(settings, 'up', '--detach', '--build', '--remove-orphans');
    },
    async undo(missing) {
      // The failure that led here has been reported; one of `stop` adds nothing to it.
      runCompose(settings, ['stop', ...missing]);
    },
    async down() {
      mustCompose(settings, 'down', '--remove-orphans');
      rmSync(serviceEnvFile(settings), { force: true });
    },
    logName: (name) => `docker compose logs ${name}`,
    log: (name, lines) => serviceLog(settings.shell, name, lines),
    left: 'Data stays in named volumes; make clean removes them.',
  };
}

/** Removes the containers with their volumes and the images that were built here. */
export function wipeCompose(settings: Settings): void {
  mustCompose(settings, 'down', '--remove-orphans', '--volumes', '--rmi', 'local');
}

export function processBackend(settings: Settings): Backend {
  const processes = new Processes(settings.runDir);
  const names = processNames(settings);
  return {
    names,
    startLimitMs: 30_000,
    pollEveryMs: 0,
    prepare() {
      const tools = ['observability/local/tools.ts'];
      return spawnSync(process.execPath, tools, { cwd: ROOT, stdio: 'inherit' }).status === 0;
    },
    running: () => new Set(names.filter((name) => processes.pidOf(name) !== undefined)),
    start(missing) {
      layOut(settings);
      for (const name of missing) processes.start(name, commandOf(name, settings));
    },
    async undo(missing) {
      for (const name of missing.toReversed()) await processes.stop(name);
    },
    // All names are tried, as the settings may have changed since the start.
    async down() {
      for (const name of COMPONENT_NAMES.toReversed()) {
        if (await processes.stop(name)) process.stdout.write(`stopped ${name}\n`);
      }
    },
    logName: (name) => processes.logFile(name),
    log: (name, lines) => processes.lastLines(name, lines),
    left: `Logs and data stay in ${settings.runDir}.`,
  };
}

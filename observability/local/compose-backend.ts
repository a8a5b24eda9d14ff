/** The stack by docker compose: `docker-compose.yml` with this run's ports and upstream. */
import { DEFAULT_KEY } from '../../loadtest/simulator/server.ts';
import type { Backend } from './backend.ts';
import { PART_NAMES, type PartName } from './current.ts';
import { composeShown, runningServices, serviceLog } from './engine.ts';
import { allPorts, usesSimulator } from './ports.ts';
import { keys, settingsWithoutKeys } from './settings.ts';

const NAMES = PART_NAMES.filter((name) => name !== 'span-store');

/** What the file's own defaults cannot say: which upstream goes with the key, or without one. */
function upstream(): Record<string, string> {
  const given = settingsWithoutKeys();
  if (usesSimulator()) {
    return {
      CLAUDE_API_KEY: given['SIMULATOR_KEYS']?.split(',')[0] || DEFAULT_KEY,
      CLAUDE_BASE_URL: 'http://simulator:8081',
      CLAUDE_UPSTREAM_NAME: 'simulator',
    };
  }
  return {
    ...keys(),
    CLAUDE_BASE_URL: given['CLAUDE_BASE_URL'] ?? 'https://api.anthropic.com',
    CLAUDE_UPSTREAM_NAME: given['CLAUDE_UPSTREAM_NAME'] ?? 'anthropic',
  };
}

/** What the file's variables are set to. */
export function composeEnv(): Record<string, string> {
  const ports = Object.entries(allPorts()).map(([name, port]) => [name, String(port)]);
  return { ...Object.fromEntries(ports), ...upstream() };
}

function must(command: readonly string[]): void {
  const code = composeShown(command, composeEnv());
  if (code === 0) return;
  const without = 'make up STACK=processes does without Docker';
  throw new Error(`docker compose ${command[0]} failed (${code}); ${without}`);
}

export const composeBackend: Backend = {
  names: NAMES,
  // Loki and Tempo say that they are ready a while after they are.
  startLimitMs: 120_000,
  askEveryMs: 2_000,
  // The images come with `up`.
  prepare: () => true,
  running() {
    const services = new Set(runningServices());
    return new Set(NAMES.filter((name) => services.has(name)));
  },
  start: () => must(['up', '--detach', '--build', '--remove-orphans']),
  async undo(missing) {
    // What went wrong has been said already.
    composeShown(['stop', ...missing], composeEnv());
  },
  async down() {
    must(['down', '--remove-orphans']);
  },
  logName: (name: PartName) => `docker compose logs ${name}`,
  log: serviceLog,
  left: 'Data stays in named volumes; make clean removes them.',
};

/** Removes the volumes and the images that were built here, too. */
export function wipeCompose(): void {
  must(['down', '--remove-orphans', '--volumes', '--rmi', 'local']);
}

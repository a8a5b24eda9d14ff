/** Starts the components that are not running and waits until all are healthy, or says why they are not. */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backend } from './backends.ts';
import {
  type Component,
  type ComponentName,
  HOST,
  nextFreePort,
  type Ports,
  portProblems,
} from './components.ts';
import { conflictWithStack, type Settings, saveStack } from './settings.ts';

const POLL_MS = 100;
const HEALTH_TIMEOUT_MS = 2_000;

export type State = 'healthy' | 'not healthy' | 'not running';

async function isHealthy({ healthUrl }: Component): Promise<boolean> {
  try {
    return (await fetch(healthUrl, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) })).ok;
  } catch {
    return false;
  }
}

export async function stateOf(
  component: Component,
  running: ReadonlySet<ComponentName>,
): Promise<State> {
  if (!running.has(component.name)) return 'not running';
  return (await isHealthy(component)) ? 'healthy' : 'not healthy';
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  probe.once('error', () => resolve(false));
  probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  return promise;
}

/** @returns a line for each port of these components that another program uses */
async function takenPorts(components: readonly Component[], all: Ports): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, ports } of components) {
    for (const { port, variable } of ports) {
      if (await isFree(port)) continue;
      const other = await nextFreePort(port, all, isFree);
      lines.push(`${name}: port ${port} is taken; choose another: make up ${variable}=${other}`);
    }
  }
  return lines;
}

/** @returns a function that asks the backend no more often than it allows, however often it is called */
function watchRunning({ running, pollEveryMs }: Backend): Backend['running'] {
  let known = running();
  let askedMs = performance.now();
  return () => {
    if (performance.now() - askedMs >= pollEveryMs) {
      known = running();
      askedMs = performance.now();
    }
    return known;
  };
}

/** @throws {Error} with the end of its log, when the component ended or is not healthy in time */
async function untilHealthy(
  component: Component,
  backend: Backend,
  running: Backend['running'],
): Promise<void> {
  const { name } = component;
  const limitMs = performance.now() + backend.startLimitMs;
  while (!(await isHealthy(component))) {
    const ended = !running().has(name);
    if (ended || performance.now() > limitMs) {
      const seconds = backend.startLimitMs / 1000;
      const problem = ended ? 'ended at its start' : `is not healthy after ${seconds} s`;
      throw new Error(`${name} ${problem}; its log ends:\n${backend.log(name, 10)}`);
    }
    await delay(POLL_MS);
  }
}

/** @returns one line for each reason why the stack cannot start; empty when it can */
export async function obstacles(
  missing: readonly Component[],
  settings: Settings,
): Promise<string[]> {
  const wrongPorts = portProblems(settings.ports);
  if (wrongPorts.length > 0) return wrongPorts;
  const conflict = conflictWithStack(settings);
  if (conflict) return [`The stack is up and ${conflict}: make down first.`];
  return takenPorts(missing, settings.ports);
}

/** @returns whether all are healthy; if not, the reason is printed and the started ones are stopped */
export async function startAll(
  settings: Settings,
  backend: Backend,
  components: readonly Component[],
  missing: readonly ComponentName[],
): Promise<boolean> {
  saveStack(settings);
  try {
    backend.start(missing);
    const running = watchRunning(backend);
    await Promise.all(components.map((each) => untilHealthy(each, backend, running)));
    return true;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    await backend.undo(missing);
    process.stderr.write('The components that were started have been stopped again.\n');
    return false;
  }
}

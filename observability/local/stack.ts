/** The local stack: `stack.ts up | status | logs | down | clean`, behind the Makefile. */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backend } from './backend.ts';
import { composeBackend, wipeCompose } from './compose-backend.ts';
import { forgetStack, type PartName, saveStack } from './current.ts';
import { hasContainers } from './engine.ts';
import { modeOf, modeProblems } from './mode.ts';
import { type Part, partOf } from './parts.ts';
import {
  allPorts,
  conflictWithStack,
  HOST,
  nextFreePort,
  portProblems,
  urlOf,
  usesSimulator,
} from './ports.ts';
import { processBackend } from './process-backend.ts';

const POLL_MS = 100;

/** A state that a reader of the table understands. */
type State = 'healthy' | 'not healthy' | 'not running';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function isHealthy({ healthUrl }: Part): Promise<boolean> {
  try {
    return (await fetch(healthUrl, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

async function stateOf(part: Part, running: ReadonlySet<PartName>): Promise<State> {
  if (!running.has(part.name)) return 'not running';
  return (await isHealthy(part)) ? 'healthy' : 'not healthy';
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  probe.once('error', () => resolve(false));
  probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  return promise;
}

/** One line for each port that somebody else has. */
async function takenPorts(parts: readonly Part[]): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, ports } of parts) {
    for (const { port, variable } of ports) {
      if (await isFree(port)) continue;
      const other = await nextFreePort(port, isFree);
      lines.push(`${name}: port ${port} is taken; choose another: make up ${variable}=${other}`);
    }
  }
  return lines;
}

/** A view of what runs that is asked no more often than the backend likes, whoever asks. */
function watchRunning({ running, askEveryMs }: Backend): () => ReadonlySet<PartName> {
  let known = running();
  let askedMs = performance.now();
  return () => {
    if (performance.now() - askedMs >= askEveryMs) {
      known = running();
      askedMs = performance.now();
    }
    return known;
  };
}

/** @throws {Error} with the end of the part's log, when it died or is not well in time */
async function untilHealthy(
  part: Part,
  backend: Backend,
  running: () => ReadonlySet<PartName>,
): Promise<void> {
  const { name } = part;
  const limitMs = performance.now() + backend.startLimitMs;
  while (!(await isHealthy(part))) {
    const died = !running().has(name);
    if (died || performance.now() > limitMs) {
      const what = died
        ? 'ended at its start'
        : `is not well after ${backend.startLimitMs / 1000} s`;
      throw new Error(`${name} ${what}; its log ends:\n${backend.log(name, 10)}`);
    }
    await delay(POLL_MS);
  }
}

/** Why nothing can be started, a line each; empty when it can. */
async function obstacles(missing: readonly Part[]): Promise<string[]> {
  const wrong = portProblems();
  if (wrong.length > 0) return wrong;
  const conflict = conflictWithStack();
  if (conflict) return [`The stack is up and ${conflict}: make down first.`];
  return takenPorts(missing);
}

/** @returns whether all are healthy; if not, what was started is stopped again, and why is said */
async function startAll(
  backend: Backend,
  parts: readonly Part[],
  missing: readonly PartName[],
): Promise<boolean> {
  saveStack({ mode: modeOf(), ports: allPorts(), simulator: usesSimulator() });
  try {
    backend.start(missing);
    const running = watchRunning(backend);
    await Promise.all(parts.map((part) => untilHealthy(part, backend, running)));
    return true;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    await backend.undo(missing);
    process.stderr.write('What was started has been stopped again.\n');
    return false;
  }
}

function chosenBackend(): Backend {
  return modeOf() === 'compose' ? composeBackend : processBackend;
}

async function up(): Promise<number> {
  const unknown = modeProblems();
  if (unknown.length > 0) return refuse(unknown);
  const backend = chosenBackend();
  const parts = backend.names.map(partOf);
  const running = backend.running();
  const missing = parts.filter(({ name }) => !running.has(name));
  const lines = await obstacles(missing);
  if (lines.length > 0) return refuse(lines);
  if (!backend.prepare()) return refuse([]);
  say(
    usesSimulator()
      ? 'No CLAUDE_API_KEY is set: the simulator answers in place of Claude.'
      : 'CLAUDE_API_KEY, CLAUDE_KEYS or CLAUDE_UPSTREAMS is set: calls go where they say, and may cost money.',
  );
  const names = missing.map(({ name }) => name);
  if (!(await startAll(backend, parts, names))) return 1;
  await table(backend);
  nextSteps();
  return 0;
}

function refuse(lines: readonly string[]): number {
  process.stderr.write(`${lines.join('\n')}\nNothing was started.\n`);
  return 1;
}

async function table(backend: Backend): Promise<boolean> {
  const running = backend.running();
  const rows = await Promise.all(
    backend.names.map(async (name) => {
      const part = partOf(name);
      return [name, await stateOf(part, running), part.url] as const;
    }),
  );
  const metrics = ['  metrics', '', `${urlOf('METRICS_PORT')}/metrics`] as const;
  const shown = rows.flatMap((row) => (row[0] === 'service' ? [row, metrics] : [row]));
  say('');
  for (const [name, state, url] of [['part', 'state', 'URL'], ...shown]) {
    say(`  ${name.padEnd(14)}${state.padEnd(13)}${url}`);
  }
  say('');
  return rows.every(([, state]) => state === 'healthy');
}

function nextSteps(): void {
  const body = `'{"model":"claude-haiku-5-5","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}'`;
  say(`Try this:

  ID=$(cat /proc/sys/kernel/random/uuid)
  curl -si ${urlOf('PORT')}/v1/messages -H 'content-type: application/json' -H "x-correlation-id: $ID" -d ${body}
  make find ID=$ID        the ID in log, trace and upstream
  make loadtest           the two targets, by k6 (make loadtest-node where there is none)
  make status | logs | down`);
}

async function status(): Promise<number> {
  return (await table(chosenBackend())) ? 0 : 1;
}

function logs(): number {
  const backend = chosenBackend();
  for (const name of backend.names) {
    say(`── ${backend.logName(name)}`);
    say(backend.log(name, 10));
  }
  return 0;
}

/** With STACK=processes compose is left alone: it may be running somebody else's stack. */
async function stopAll(backend: Backend): Promise<void> {
  await processBackend.down();
  if (backend === composeBackend && hasContainers()) await composeBackend.down();
  forgetStack();
}

async function down(): Promise<number> {
  const backend = chosenBackend();
  await stopAll(backend);
  say(`Everything is down. ${backend.left}`);
  return 0;
}

/** What `down` leaves outside the project's folder; the Makefile removes what is inside. */
async function clean(): Promise<number> {
  const backend = chosenBackend();
  await stopAll(backend);
  if (backend === composeBackend) wipeCompose();
  say('Everything is down, and its data is gone.');
  return 0;
}

const commands: Readonly<Record<string, () => number | Promise<number>>> = {
  up,
  status,
  logs,
  down,
  clean,
};
// `make logs | head` closes the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
const command = commands[process.argv[2] ?? ''];
if (!command) {
  process.stderr.write(`usage: stack.ts ${Object.keys(commands).join(' | ')}\n`);
  process.exit(64);
}
process.exitCode = await command();

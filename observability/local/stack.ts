/** The Docker-free stack: `stack.ts up | status | logs | down`, behind the Makefile. */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { allParts, layOutPrometheus, type Part } from './parts.ts';
import { RUN_DIR } from './paths.ts';
import {
  conflictWithStack,
  HOST,
  nextFreePort,
  PART_NAMES,
  portProblems,
  saveStack,
  urlOf,
  usesSimulator,
} from './ports.ts';
import { lastLines, logFile, runningPid, start, stop } from './processes.ts';

const START_LIMIT_MS = 30_000;
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

async function stateOf(part: Part): Promise<State> {
  if (runningPid(part.name) === undefined) return 'not running';
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

/** @throws {Error} with the end of the part's log, when it died or is not well in time */
async function untilHealthy(part: Part): Promise<void> {
  const limitMs = performance.now() + START_LIMIT_MS;
  while (!(await isHealthy(part))) {
    const died = runningPid(part.name) === undefined;
    if (died || performance.now() > limitMs) {
      const what = died ? 'ended at its start' : `is not healthy after ${START_LIMIT_MS / 1000} s`;
      throw new Error(`${part.name} ${what}; its log ends:\n${lastLines(part.name, 10)}`);
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
async function startAll(parts: readonly Part[], missing: readonly Part[]): Promise<boolean> {
  layOutPrometheus();
  saveStack();
  for (const part of missing) start(part);
  try {
    await Promise.all(parts.map(untilHealthy));
    return true;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    for (const { name } of missing.toReversed()) await stop(name);
    process.stderr.write('What was started has been stopped again.\n');
    return false;
  }
}

async function up(): Promise<number> {
  const parts = allParts();
  const missing = parts.filter(({ name }) => runningPid(name) === undefined);
  const lines = await obstacles(missing);
  if (lines.length > 0) {
    process.stderr.write(`${lines.join('\n')}\nNothing was started.\n`);
    return 1;
  }
  say(
    usesSimulator()
      ? 'No CLAUDE_API_KEY is set: the simulator answers in place of Claude.'
      : 'CLAUDE_API_KEY is set: calls go to the real API and cost money.',
  );
  if (!(await startAll(parts, missing))) return 1;
  await table(parts);
  nextSteps();
  return 0;
}

async function table(parts: readonly Part[]): Promise<boolean> {
  const rows = await Promise.all(
    parts.map(async (part) => [part.name, await stateOf(part), part.url] as const),
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
  return (await table(allParts())) ? 0 : 1;
}

function logs(): number {
  for (const { name } of allParts()) {
    say(`── ${logFile(name)}`);
    say(lastLines(name, 10));
  }
  return 0;
}

/** Stops every part that was started, also when others have died. */
async function down(): Promise<number> {
  for (const name of PART_NAMES.toReversed()) {
    if (await stop(name)) say(`stopped ${name}`);
  }
  say(`Everything is down. Logs and data stay in ${RUN_DIR}.`);
  return 0;
}

const commands: Readonly<Record<string, () => number | Promise<number>>> = {
  up,
  status,
  logs,
  down,
};
const command = commands[process.argv[2] ?? ''];
if (!command) {
  process.stderr.write(`usage: stack.ts ${Object.keys(commands).join(' | ')}\n`);
  process.exit(64);
}
process.exitCode = await command();

/** The commands of the local stack, behind the Makefile: `stack.ts up | status | logs | down | clean | …`. */
import { type Backend, composeBackend, processBackend, wipeCompose } from './backends.ts';
import { componentOf, urlOf } from './components.ts';
import { hasContainers } from './compose.ts';
import { forgetStack, modeProblems, readSettings, type Settings } from './settings.ts';
import { obstacles, startAll, stateOf } from './start.ts';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function backendOf(settings: Settings): Backend {
  return settings.mode === 'compose' ? composeBackend(settings) : processBackend(settings);
}

function refuse(lines: readonly string[]): number {
  process.stderr.write(`${lines.join('\n')}\nNothing was started.\n`);
  return 1;
}

async function up(settings: Settings): Promise<number> {
  const unknownMode = modeProblems(settings);
  if (unknownMode.length > 0) return refuse(unknownMode);
  const backend = backendOf(settings);
  const components = backend.names.map((name) => componentOf(name, settings.ports));
  const running = backend.running();
  const missing = components.filter(({ name }) => !running.has(name));
  const lines = await obstacles(missing, settings);
  if (lines.length > 0) return refuse(lines);
  if (!backend.prepare()) return refuse([]);
  say(
    settings.simulator
      ? 'No CLAUDE_API_KEY is set: the simulator answers in place of Claude.'
      : 'CLAUDE_API_KEY, CLAUDE_KEYS or CLAUDE_UPSTREAMS is set: calls go to a real upstream and may cost money.',
  );
  const names = missing.map(({ name }) => name);
  if (!(await startAll(settings, backend, components, names))) return 1;
  await showTable(backend, settings);
  showNextSteps(settings);
  return 0;
}

/** @returns whether all are healthy */
async function showTable(backend: Backend, { ports }: Settings): Promise<boolean> {
  const running = backend.running();
  // It starts last, as it shows the others, and is what a newcomer opens first.
  const names = backend.names.toSorted((a, b) => Number(b === 'console') - Number(a === 'console'));
  const rows = await Promise.all(
    names.map(async (name) => {
      const component = componentOf(name, ports);
      return [name, await stateOf(component, running), component.url] as const;
    }),
  );
  const metrics = ['  metrics', '', `${urlOf('METRICS_PORT', ports)}/metrics`] as const;
  const shown = rows.flatMap((row) => (row[0] === 'service' ? [row, metrics] : [row]));
  say('');
  for (const [name, state, url] of [['component', 'state', 'URL'], ...shown]) {
    say(`  ${name.padEnd(14)}${state.padEnd(13)}${url}`);
  }
  say('');
  return rows.every(([, state]) => state === 'healthy');
}

function showNextSteps({ ports }: Settings): void {
  const body = `'{"model":"claude-haiku-5-5","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}'`;
  say(`Try this:

  ID=$(cat /proc/sys/kernel/random/uuid)
  curl -si ${urlOf('PORT', ports)}/v1/messages -H 'content-type: application/json' -H "x-correlation-id: $ID" -d ${body}
  make find ID=$ID        the ID in log, trace and upstream
  make loadtest           the two targets, under load
  make status | logs | down`);
}

async function status(settings: Settings): Promise<number> {
  return (await showTable(backendOf(settings), settings)) ? 0 : 1;
}

function logs(settings: Settings): number {
  const backend = backendOf(settings);
  for (const name of backend.names) {
    say(`── ${backend.logName(name)}`);
    say(backend.log(name, 10));
  }
  return 0;
}

/** In processes mode compose is not touched: it may be running somebody else's stack. */
async function stopAll(settings: Settings): Promise<void> {
  await processBackend(settings).down();
  if (settings.mode === 'compose' && hasContainers(settings.shell)) {
    await composeBackend(settings).down();
  }
  forgetStack(settings);
}

async function down(settings: Settings): Promise<number> {
  await stopAll(settings);
  say(`Everything is down. ${backendOf(settings).left}`);
  return 0;
}

/** Also removes what `down` leaves outside the project's folder; the Makefile removes the rest. */
async function clean(settings: Settings): Promise<number> {
  await stopAll(settings);
  if (settings.mode === 'compose') wipeCompose(settings);
  say('Everything is down, and its data is gone.');
  return 0;
}

const COMMANDS: Readonly<Record<string, (settings: Settings) => number | Promise<number>>> = {
  up,
  status,
  logs,
  down,
  clean,
};

async function main(name = ''): Promise<number> {
  const command = COMMANDS[name];
  if (!command) {
    process.stderr.write(`usage: stack.ts ${Object.keys(COMMANDS).join(' | ')}\n`);
    return 64;
  }
  return command(readSettings(process.env));
}

if (import.meta.main) {
  // `make logs | head` closes the pipe early, which is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  process.exitCode = await main(process.argv[2]);
}

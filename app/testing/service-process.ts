/** For tests: the service as its users run it, a process of its own on free ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TuningOverrides } from '../tuning.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type { TuningOverrides };

/** The service asks for nothing by itself: tests count what their upstreams receive. */
const QUIET: TuningOverrides = { models: { everyMs: 0 } };

type Env = Readonly<Record<string, string>>;

/** One line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface ServiceProcess {
  readonly url: string;
  readonly metricsUrl: string;
  readonly child: ChildProcess;
  /** Every log line so far. */
  readonly lines: LogLine[];
  /** What it wrote to standard error so far. */
  errors(): string;
  /** The first line that matches, already logged or still to come. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** SIGTERM, unless it has ended. @returns the exit code */
  stop(): Promise<number | null>;
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts the service.
 * @param env all of its environment
 * @param tuning figures that no setting changes
 * @param output where standard output and standard error go: a pipe to this process, or a descriptor
 */
export function spawnService(
  env: Env,
  tuning?: TuningOverrides,
  output: readonly ['pipe' | number, 'pipe' | number] = ['pipe', 'pipe'],
): ChildProcess {
  const figures = JSON.stringify({ ...QUIET, ...tuning });
  const program = ['app/testing/tuned-service.ts', figures];
  return spawn(process.execPath, program, {
    cwd: ROOT,
    env: { PORT: '0', METRICS_PORT: '0', ...env },
    stdio: ['ignore', ...output],
  });
}

function portOf(value: unknown): number {
  return (value as { port: number }).port;
}

/** Starts the service and waits until it listens. */
export function startService(env: Env, tuning?: TuningOverrides): Promise<ServiceProcess> {
  return listening(spawnService(env, tuning));
}

/** Waits until a service that was just spawned listens. @throws {Error} with its output when it ends instead */
export async function listening(child: ChildProcess): Promise<ServiceProcess> {
  const exited = once(child, 'exit');
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
    lines.push(JSON.parse(text));
    for (const wake of waiting) wake();
  });
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const line = (fits: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve, reject) => {
      const look = () => {
        const found = lines.find(fits);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void exited.then(([code]) => reject(new Error(`the service ended with ${code}: ${errors}`)));
    });
  const { address, metrics } = await line(({ msg }) => msg === 'listening');
  return {
    url: `http://127.0.0.1:${portOf(address)}`,
    metricsUrl: `http://127.0.0.1:${portOf(metrics)}/metrics`,
    child,
    lines,
    errors: () => errors,
    line,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

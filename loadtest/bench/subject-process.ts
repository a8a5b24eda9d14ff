/** A subject as a process of its own, pinned, started afresh for each visit. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { request } from 'undici';
import { eventually } from '../../app/testing/poll.ts';
import { freePort } from '../../app/testing/service-process.ts';
import { ROOT } from '../../observability/local/paths.ts';
import { endWithUs } from '../lib/children.ts';
import { askOf } from './answers.ts';
import type { Pinning } from './pinning.ts';
import type { Place, Program, Subject } from './subject.ts';

/** LiteLLM takes ten seconds. */
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 5_000;

export interface SubjectProcess {
  readonly pids: readonly number[];
  readonly url: string;
  /** Where the service has its metrics; other subjects have none. */
  readonly metricsUrl: string;
  /** Milliseconds from its start to its first answer. */
  readonly startMs: number;
  /** Bytes written to standard output so far. */
  output(): number;
  stop(): Promise<void>;
}

const ASK = askOf(1_000, false);

export interface SubjectWorld extends Pick<Place, 'upstream' | 'otlp' | 'folder'> {
  readonly pinning: Pinning;
  /** What every request has. */
  readonly headers: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
}

/** Starts it, and reads what it writes: a pipe that is full would stop the writer. */
function spawnPinned({ program, args, env }: Program, { pinning, folder }: SubjectWorld) {
  const [command = program, ...rest] = [...pinning.subject, program, ...args];
  const child = spawn(command, rest, {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      // The image of the service has its code compiled; so has everything in Node from its second round on.
      NODE_COMPILE_CACHE: join(folder, 'node-compile'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  const written = { lastWords: '', bytes: 0 };
  child.stdout.on('data', ({ length }: Buffer) => {
    written.bytes += length;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    written.lastWords = (written.lastWords + chunk).slice(-2_000);
  });
  return { child, written };
}

/** @throws {Error} when it ends, or has not answered within two minutes */
export async function startSubject(subject: Subject, world: SubjectWorld): Promise<SubjectProcess> {
  const port = world.port ?? (await freePort());
  const metricsPort = await freePort();
  const program = subject.start({ ...world, port, metricsPort });
  const startedMs = performance.now();
  const { child, written } = spawnPinned(program, world);
  const url = `http://127.0.0.1:${port}`;
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  await eventually(
    async () => {
      if (ended()) throw new Error(`${subject.name} ended: ${written.lastWords}`);
      return await answers(url, world.headers);
    },
    { timeoutMs: START_LIMIT_MS },
  );
  return {
    pids: [child.pid as number],
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    startMs: performance.now() - startedMs,
    output: () => written.bytes,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      if (!ended()) await exited;
      clearTimeout(impatience);
    },
  };
}

async function answers(url: string, headers: Readonly<Record<string, string>>): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/v1/messages`, {
      method: 'POST',
      headers,
      body: ASK,
    });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

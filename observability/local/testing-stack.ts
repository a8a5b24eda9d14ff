/** What the live tests share: free ports, and the stack's commands run as a user types them. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PORT_NAMES, type PortName } from './components.ts';
import { ROOT } from './paths.ts';

export type FreePorts = Record<PortName, string>;

export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Ports that are free now; all are taken before any is released, so they differ. */
export async function freePorts(): Promise<FreePorts> {
  const servers = PORT_NAMES.map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => String((server.address() as AddressInfo).port));
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
  return Object.fromEntries(PORT_NAMES.map((name, i) => [name, ports[i]])) as FreePorts;
}

/** The environment of a separate stack, which gets no real key from a developer's `.env`. */
export function stackEnv(ports: FreePorts, extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...{
      CLAUDE_API_KEY: '',
      CLAUDE_UPSTREAMS: '',
      TARGET: '',
      SIMULATOR: '',
      TOKEN: '',
      ALLOW_PAID_LOAD: '',
      ENV_FILE: '/dev/null',
    },
    ...ports,
    NODE_TEST_CONTEXT: undefined,
    ...extra,
  };
}

/** Runs a program of the project to its end. */
export function execute(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  execFile(program, args, { cwd: ROOT, env }, (error, stdout, stderr) => {
    const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
    resolve({ code, output: stdout + stderr });
  });
  return promise;
}

/** @returns how many series of an expression have a finite value now */
export async function finiteSeries(prometheus: string, expr: string): Promise<number> {
  const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const { data, error } = (await response.json()) as {
    data?: { result: { value: [number, string] }[] };
    error?: string;
  };
  if (!data) throw new Error(`${expr}: ${error}`);
  return data.result.filter(({ value }) => Number.isFinite(Number(value[1]))).length;
}

/** Gives Alertmanager an alert, and waits until the receiver has been notified of it. */
export async function untilNotified(alertmanager: string, receiver: string): Promise<void> {
  const alertname = `Trial${process.pid}`;
  const labels = { alertname, severity: 'page' };
  const response = await fetch(`${alertmanager}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels, annotations: { summary: 'a trial' } }]),
  });
  if (!response.ok) throw new Error(await response.text());
  await eventually('a notification', async () => {
    const kept = await (await fetch(`${receiver}/notifications`)).text();
    return kept.includes(alertname) || undefined;
  });
}

/** Polls `look` until it answers. @throws {Error} when it does not within the limit */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limitMs = 30_000,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

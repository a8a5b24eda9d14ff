/** The handler of examples/serverless.ts in a process that is frozen between calls, behind a network that then closes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '../../app/testing/poll.ts';
import { ROOT } from '../../observability/local/paths.ts';

/** What lies between the handler and Claude, and forgets connections while nobody looks. */
export async function startGateway(targetPort: number) {
  const open = new Set<Socket>();
  const forgotten = new Set<Socket>();
  let opened = 0;
  const server = createServer((socket) => {
    const upstream = connect(targetPort, '127.0.0.1');
    opened += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (forgotten.has(socket)) socket.resetAndDestroy();
      else upstream.write(chunk);
    });
    socket.on('end', () => upstream.end());
    upstream.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Connections that were ever opened. */
    opened: () => opened,
    /** Connections that are open, once a close that was sent has had the time to arrive. */
    async held() {
      await eventually(() => open.size === 0, { timeoutMs: 100 }).catch(() => {});
      return open.size;
    },
    /**
     * Forgets all connections without a word. A machine that is frozen as a whole hears nothing of a close either: what it
     * sends next is answered by a reset.
     */
    forget() {
      for (const socket of open) forgotten.add(socket);
    },
    close: () => void server.close(),
  };
}

/** `T` while it is stopped by a signal. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '';
}

export interface Answer {
  readonly status: number;
  readonly ms: number;
}

/** @param env all of the handler's environment */
export function startFrozenProcess(env: Readonly<Record<string, string>>) {
  const program = [join(ROOT, 'examples/questions/serverless-runtime.ts')];
  const child = spawn(process.execPath, program, {
    cwd: ROOT,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the handler did not start');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const thaw = () => child.kill('SIGCONT');
  return {
    thaw,
    async freeze() {
      child.kill('SIGSTOP');
      await eventually(() => stateOf(pid) === 'T');
    },
    /** Sends an event, and thaws the process that it finds it in. */
    async call(body: unknown): Promise<Answer> {
      const startMs = performance.now();
      child.stdin.write(`${JSON.stringify(body)}\n`);
      thaw();
      const { value } = await lines.next();
      if (value === undefined) throw new Error('the handler has ended');
      return { ...JSON.parse(value), ms: performance.now() - startMs };
    },
    /** Ends it as a platform does that needs the room. */
    async end() {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

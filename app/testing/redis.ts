/** For tests: a real Redis on a free port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DEBIAN_DIR, findTool } from '../../observability/local/paths.ts';
import { freePort } from './service-process.ts';

export const redisProgram = findTool('redis-server');
export const skipRedis = redisProgram ? false : 'redis-server is neither in .tools nor on PATH';

export interface RedisProcess {
  readonly url: string;
  stop(): Promise<void>;
  /** Stops the process without closing its connections. */
  hang(): void;
}

/** @param port that of a Redis which was stopped; default a free one */
export async function startRedis(port?: number): Promise<RedisProcess> {
  const at = port ?? (await freePort());
  const args = ['--port', String(at), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(redisProgram as string, args, {
    // Where it was unpacked into the project, its libraries are there too.
    env: {
      ...process.env,
      LD_LIBRARY_PATH: globSync(join(DEBIAN_DIR, 'usr/lib/*-linux-gnu')).join(),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Ready to accept connections')) break;
  }
  child.stdout.resume();
  return {
    url: `redis://127.0.0.1:${at}`,
    hang: () => void child.kill('SIGSTOP'),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

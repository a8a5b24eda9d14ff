/** The real nginx as a balancer in front of instances of the service, by HTTP or by TCP connections. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../app/testing/poll.ts';
import { freePort } from '../../app/testing/service-process.ts';
import { DEBIAN_DIR, findTool, ROOT } from '../../observability/local/paths.ts';
import { endChild, endWithUs } from './children.ts';

const SHIPPED = join(ROOT, 'deploy/nginx/claude.conf');
const program = findTool('nginx');
export const skipNginx = program ? false : 'nginx is neither in .tools nor on PATH';

const WORKERS = 2;

/** `http` is the configuration that we ship; `tcp` deals out connections, as a Service of Kubernetes does. */
export type Layer = 'http' | 'tcp';

export interface Nginx {
  readonly url: string;
  /** Replaces the instances, and resolves when new connections go to these. @param ports on loopback */
  use(ports: readonly number[]): Promise<void>;
  /** What it has complained of. */
  errors(): string;
  stop(): Promise<void>;
}

interface Places {
  readonly folder: string;
  readonly layer: Layer;
  readonly port: number;
  readonly statusPort: number;
}

/** Debian has the stream module in a package of its own. */
function loadStream(layer: Layer): string {
  if (layer === 'http') return '';
  const path = 'usr/lib/nginx/modules/ngx_stream_module.so';
  const root = program?.startsWith(DEBIAN_DIR) ? DEBIAN_DIR : '/';
  return `load_module ${join(root, path)};\n`;
}

function balancer({ layer, port }: Places): string {
  return layer === 'http'
    ? `include claude.conf;`
    : `upstream claude { include claude-instances.conf; }
  server { listen 127.0.0.1:${port}; proxy_pass claude; proxy_connect_timeout 2s; }`;
}

/** All that it writes lies in its own folder; its status says which instances it knows. */
function mainConfiguration(places: Places, ports: readonly number[]): string {
  const { folder, layer, statusPort } = places;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join('\n');
  const status = `server { listen 127.0.0.1:${statusPort}; return 200 "${ports}"; }`;
  return `${loadStream(layer)}daemon off;
${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}
worker_processes ${WORKERS};
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 2048; }
http {
  access_log off;
${temporary}
  ${status}
  ${layer === 'http' ? balancer(places) : ''}
}
${layer === 'tcp' ? `stream {\n  ${balancer(places)}\n}` : ''}
`;
}

function write(places: Places, ports: readonly number[]): void {
  const { folder, port } = places;
  const servers = ports.map((one) => `server 127.0.0.1:${one};`).join('\n');
  writeFileSync(join(folder, 'claude-instances.conf'), servers);
  const shipped = readFileSync(SHIPPED, 'utf8');
  const here = shipped.replace('listen 8000;', `listen 127.0.0.1:${port};`);
  if (here === shipped) throw new Error('claude.conf does not listen on 8000');
  writeFileSync(join(folder, 'claude.conf'), here);
  writeFileSync(join(folder, 'nginx.conf'), mainConfiguration(places, ports));
}

function run(folder: string): ChildProcess & { readonly said: string } {
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'];
  const child = spawn(program as string, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  endWithUs(child);
  const seen = Object.assign(child, { said: '' });
  child.stderr?.on('data', (chunk) => {
    seen.said += chunk;
  });
  return seen;
}

/** @returns how many workers take connections: all but those that finish what they have */
function workersOf({ pid }: ChildProcess): number {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'latin1') : '');
  const workers = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
  const titles = workers.map((worker) => read(`/proc/${worker}/cmdline`));
  return titles.filter((title) => !title.includes('shutting down')).length;
}

/** @throws {Error} with what it said, when it does not start */
export async function startNginx(layer: Layer, ports: readonly number[]): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const places = { folder, layer, port: await freePort(), statusPort: await freePort() };
  write(places, ports);
  const child = run(folder);
  const knows = async (wanted: readonly number[]) => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${child.said}`);
    const headers = { connection: 'close' };
    const url = `http://127.0.0.1:${places.statusPort}`;
    const answer = await fetch(url, { headers }).catch(() => undefined);
    return (await answer?.text()) === String(wanted) && workersOf(child) === WORKERS;
  };
  await eventually(() => knows(ports));
  return {
    url: `http://127.0.0.1:${places.port}`,
    async use(wanted) {
      write(places, wanted);
      child.kill('SIGHUP');
      await eventually(() => knows(wanted));
    },
    errors: () => child.said,
    async stop() {
      await endChild(child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

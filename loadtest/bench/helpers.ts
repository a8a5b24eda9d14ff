/** The processes that measure: the upstream, and a reader of streams for each job. They share this process's core. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../lib/children.ts';
import type { StreamFigures, StreamLoad } from './stream-reader.ts';
import type { UpstreamBehaviour } from './upstream.ts';

function start(file: string): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { env: {} });
  endWithUs(child);
  return child;
}

export interface UpstreamProcess {
  readonly url: string;
  /** @returns connections that it has accepted so far */
  behave(behaviour: UpstreamBehaviour): Promise<number>;
  stop(): void;
}

export async function startUpstream(): Promise<UpstreamProcess> {
  const child = start('upstream-main.ts');
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    url: `http://127.0.0.1:${port}`,
    async behave(behaviour) {
      child.send(behaviour);
      const [{ connections }] = (await once(child, 'message')) as [{ connections: number }];
      return connections;
    },
    stop: () => child.disconnect(),
  };
}

export async function readStreamsApart(load: StreamLoad): Promise<StreamFigures> {
  const child = start('stream-reader-main.ts');
  child.send(load);
  const [figures] = (await once(child, 'message')) as [StreamFigures];
  return figures;
}

export interface Sink {
  readonly url: string;
  readonly server: Server;
  /** Bytes received so far, by path. */
  readonly received: Map<string, number>;
}

/** Takes what is sent by OTLP, counts its bytes and forgets it. */
export async function startSink(): Promise<Sink> {
  const received = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    request.on('data', ({ length }: Buffer) => {
      received.set(path, (received.get(path) ?? 0) + length);
    });
    request.on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, received };
}

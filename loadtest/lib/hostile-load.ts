/** The worst that strangers can do with bodies, streams and readers, all at once and again and again. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';

const MiB = 1024 * 1024;
const LARGE = 31 * MiB;
const MODEL = '"model":"claude-haiku-5-5","max_tokens":1';
const message = (content: string) =>
  `{${MODEL},"messages":[{"role":"user","content":"${content}"}]}`;

interface Attack {
  readonly path: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** How many clients make it at once. */
  readonly clients: number;
}

/** Made once: a hundred clients send the same bytes. */
function attacks(): readonly Attack[] {
  const spaces = Buffer.from(message(' '.repeat(LARGE)));
  // One character beyond Latin-1 makes the whole text take two bytes for each.
  const wide = Buffer.from(message(`😀${'x'.repeat(LARGE)}`));
  const lists = Buffer.from(`[${'[],'.repeat(LARGE / 3)}[]]`);
  const key = Buffer.from(`{"requests":[{"params":1,"${'k'.repeat(LARGE)}":1}]}`);
  const many = `{${MODEL},"messages":[${'{"role":"user","content":""},'.repeat(120_000)}{"role":"user"}]}`;
  const items = `{"requests":[${'{"params":{}},'.repeat(99)}{"params":1}]}`;
  return [
    { path: '/v1/messages', body: spaces, clients: 2 },
    { path: '/v1/messages', body: wide, clients: 4 },
    { path: '/v1/messages/count_tokens', body: lists, clients: 2 },
    { path: '/v1/messages', body: Buffer.from(many), clients: 2 },
    { path: '/v1/batch', body: key, clients: 2 },
    { path: '/v1/batch', body: Buffer.from(items), clients: 1 },
    {
      path: '/v1/messages',
      body: brotliCompressSync(spaces),
      headers: { 'content-encoding': 'br' },
      clients: 8,
    },
    {
      path: '/v1/batch',
      body: gzipSync(lists),
      headers: { 'content-encoding': 'gzip' },
      clients: 4,
    },
  ];
}

/** How often each status was answered; 0 stands for a connection that broke. */
export type Tally = Record<number, number>;

async function repeat(
  url: string,
  { path, body, headers }: Attack,
  until: AbortSignal,
  tally: Tally,
  dispatcher: Agent,
): Promise<void> {
  while (!until.aborted) {
    let status = 0;
    try {
      const response = await request(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        dispatcher,
        signal: until,
      });
      status = response.statusCode;
      await response.body.dump();
    } catch {
      // The service may close before it has read all that it was sent.
    }
    if (!until.aborted) tally[status] = (tally[status] ?? 0) + 1;
    await delay(20);
  }
}

/** Asks, and reads nothing of what comes; begins again when the service has given up on it. */
async function readNothing(port: number, body: string, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const socket: Socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect', { signal: until }).catch(() => {});
    socket.pause();
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await once(socket, 'close', { signal: until }).catch(() => socket.destroy());
  }
}

/** Goes on until the signal is aborted. @returns what the attackers were answered */
export async function hostileLoad(url: string, until: AbortSignal): Promise<Tally> {
  const tally: Tally = {};
  const port = Number(new URL(url).port);
  const agent = new Agent({ connections: 100 });
  const stream = message('hello').replace('"max_tokens"', '"stream":true,"max_tokens"');
  const refused = `{"model":"${'m'.repeat(4 * MiB)}"}`;
  const readers = [
    ...Array.from({ length: 20 }, () => readNothing(port, stream, until)),
    ...Array.from({ length: 10 }, () => readNothing(port, message('hello'), until)),
    ...Array.from({ length: 10 }, () => readNothing(port, refused, until)),
  ];
  const senders = attacks().flatMap((attack) =>
    Array.from({ length: attack.clients }, () => repeat(url, attack, until, tally, agent)),
  );
  await Promise.all([...readers, ...senders]);
  await agent.destroy();
  return tally;
}

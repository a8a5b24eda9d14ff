/** Plays a client over a real socket, and keeps every byte that comes back. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Step } from './case.ts';
import { perform } from './upstream.ts';

/** What a client saw of a connection. */
export interface Seen {
  readonly bytes: Buffer;
  /** Whether the service has closed the connection within the time. */
  readonly isClosed: boolean;
}

/**
 * Writes what the steps say, reads at the same time, and waits until the service has closed the connection.
 * @param limitMs how long that may take
 */
export async function play(port: number, steps: readonly Step[], limitMs: number): Promise<Seen> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  // The service may close before everything is written; what it said counts.
  socket.on('error', () => {});
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    for (const event of ['end', 'close']) {
      socket.once(event, () => {
        isClosed = true;
        resolve();
      });
    }
  });
  const performed = once(socket, 'connect').then(() => perform(socket, steps));
  const limit = new AbortController();
  await Promise.race([
    Promise.allSettled([closed, performed]),
    delay(limitMs, undefined, { signal: limit.signal }).catch(() => {}),
  ]);
  limit.abort();
  socket.destroy();
  return { bytes: Buffer.concat(chunks), isClosed };
}

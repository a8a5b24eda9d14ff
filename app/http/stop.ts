/** Stops a server without losing a call that can still be finished. */
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections } from './connections.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface StopDeps {
  readonly server: Server;
  readonly connections: Pick<Connections, 'leave' | 'close' | 'destroyAll'>;
  readonly lifecycle: Lifecycle;
}

export interface StopOptions {
  /** How long the instance is not ready but still listens, milliseconds. */
  readonly delayMs: number;
  /** After that, how long the calls in progress may take, milliseconds. */
  readonly limitMs: number;
}

/** How long the errors of calls that were cut may take to reach their callers, milliseconds. */
export const CUT_GRACE_MS = 2_000;

/**
 * Resolves when every connection is closed. A call that arrives before the limit is served, because whoever has sent
 * it could not know better; at the limit calls end with an error, and so do those that come after it.
 */
export async function stopServing(
  { server, connections, lifecycle }: StopDeps,
  { delayMs, limitMs }: StopOptions,
): Promise<void> {
  lifecycle.leave();
  connections.leave();
  await sleep(delayMs);
  // Not by `once` of node:events, which takes a connection that could not be accepted for the end of the server.
  const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
  await connections.close();
  if (await within(closed, limitMs)) return;
  lifecycle.cut();
  if (await within(closed, CUT_GRACE_MS)) return;
  connections.destroyAll();
  await closed;
}

/** @returns whether the work was done within the time; it goes on in any case */
export async function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  using limit = timer(limitMs);
  return await Promise.race([work.then(() => true), limit.isOver]);
}

function timer(ms: number): Disposable & { readonly isOver: Promise<false> } {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timeout = setTimeout(resolve, ms, false as const);
  return { isOver: promise, [Symbol.dispose]: () => clearTimeout(timeout) };
}

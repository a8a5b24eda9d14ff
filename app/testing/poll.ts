/** Waits, in tests, for something that a timer or another process does in its own time. */
import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 10;

/**
 * Calls `check` until it returns something truthy, and returns that. An error of `check` ends the wait.
 * @param options `timeoutMs`: how long to go on checking; default 10,000
 * @throws {Error} with the source of `check`, when the time is over
 */
export async function eventually<T>(
  check: () => T | false | undefined | Promise<T | false | undefined>,
  { timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const limitMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (performance.now() > limitMs) throw new Error(`not within ${timeoutMs} ms: ${check}`);
    await delay(INTERVAL_MS);
  }
}

/** Waits for something that may not happen, which is then a result and no error. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 100;

/** @returns whether it became true in time */
export async function comesTrue(
  limitMs: number,
  check: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs) {
    if (await check()) return true;
    await delay(POLL_MS);
  }
  return check();
}

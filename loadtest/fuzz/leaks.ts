/** What a service still holds after it was thrown at, and did not hold before. */
import type { Holdings, Inspector } from '../soak/inspector.ts';

/** Idle connections to the upstream are closed after this. */
export const KEEP_ALIVE_MS = 200;
/** About a minute, after which the pool to the upstream has let go of what it made for a connection. */
const MORE_RESTS = 25;
/** How many more of each may be held. */
const MORE = { sockets: 0, timers: 0, signals: 5, listeners: 10 } as const;

/** @returns what the service holds once its idle connections are closed; undici's timer is one of a second */
export async function restOf(inspector: Inspector): Promise<Holdings> {
  await new Promise((resolve) => setTimeout(resolve, KEEP_ALIVE_MS + 2_500));
  return inspector.holdings();
}

/**
 * @param call sends one good call: the pool lets go of the clients that have become too old when it looks for one
 * @returns what is still held after a minute of rest
 */
export async function lastingLeaks(
  held: Holdings,
  inspector: Inspector,
  call: () => Promise<unknown>,
): Promise<string[]> {
  let found = leaks(held, await restOf(inspector));
  for (let more = 0; found.length > 0 && more < MORE_RESTS; more += 1) {
    await call();
    found = leaks(held, await restOf(inspector));
  }
  return found;
}

function leaks(before: Holdings, after: Holdings): string[] {
  return Object.entries(MORE).flatMap(([name, more]) => {
    const [then, now] = [before[name as keyof typeof MORE], after[name as keyof typeof MORE]];
    return now > then + more ? [`the service holds ${now} ${name}, and held ${then} at first`] : [];
  });
}

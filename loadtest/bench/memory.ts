/**
 * How long a random read of memory takes, by which a busy machine is known: its neighbours share the caches and the
 * memory, and neither the list of processes nor the load average shows it.
 */
import { median } from './statistics.ts';

/** More than the caches of one core hold, less than those that cores share. */
const BYTES = 4 * 1024 * 1024;
const STRETCHES = 9;
const READS = 100_000;

/** Makes one cycle through all places in random order (Sattolo's algorithm), so that no read can be foreseen. */
export function randomCycle(length: number): Uint32Array {
  const next = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * i);
    const moved = next[i] as number;
    next[i] = next[j] as number;
    next[j] = moved;
  }
  return next;
}

/** Each read needs the one before it. @returns where it has come to */
function follow(next: Uint32Array, reads: number): number {
  let at = 0;
  for (let i = 0; i < reads; i += 1) at = next[at] as number;
  return at;
}

/** @returns nanoseconds a read, the median of some stretches, as the thread may have to wait in one of them */
export function readLatencyNs(): number {
  const next = randomCycle(BYTES / Uint32Array.BYTES_PER_ELEMENT);
  follow(next, next.length);
  const stretch = () => {
    const startedMs = performance.now();
    follow(next, READS);
    return ((performance.now() - startedMs) * 1e6) / READS;
  };
  return median(Array.from({ length: STRETCHES }, stretch));
}

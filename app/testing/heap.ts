/** For tests: how much of the heap something keeps. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** @returns by how many bytes the heap has grown after `work`, garbage not counted */
export function keptBytes(work: () => unknown): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = work();
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  // What was returned is used here, so it was still in memory above.
  return kept === bytes ? 0 : bytes;
}

/** @returns half a megabyte of text in one piece, another one for each number */
export function aLongText(n: number): string {
  return Buffer.alloc(2 ** 19, `text ${n} `).toString('latin1');
}

/** The gauges of this process, read at each scrape. */
import { totalmem } from 'node:os';
import type { Instruments } from './instruments.ts';

/** Where the gauges read; the functions are called once a scrape. */
export interface ProcessSources {
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Bytes. */
  readonly residentMemory: () => number;
  /** Bytes that the container may use; 0, or more than the machine has, where nothing limits it. */
  readonly constrainedMemory: () => number;
  /** Bytes that the machine has. */
  readonly totalMemory: () => number;
}

/** The limit is read anew each time, because a container's can be changed while it runs. */
const THIS_PROCESS: ProcessSources = {
  startedAtMs: performance.timeOrigin,
  residentMemory: process.memoryUsage.rss,
  constrainedMemory: () => process.constrainedMemory(),
  totalMemory: totalmem,
};

/** Makes the gauges of the process report these sources. Call it once. */
export function observeProcess(
  instruments: Pick<Instruments, 'processStart' | 'residentMemory' | 'memoryLimit'>,
  sources: ProcessSources = THIS_PROCESS,
): void {
  instruments.processStart.addCallback((result) => result.observe(sources.startedAtMs / 1_000));
  instruments.residentMemory.addCallback((result) => result.observe(sources.residentMemory()));
  instruments.memoryLimit.addCallback((result) => result.observe(memoryLimit(sources)));
}

function memoryLimit({ constrainedMemory, totalMemory }: ProcessSources): number {
  const total = totalMemory();
  const limit = constrainedMemory();
  return limit > 0 && limit < total ? limit : total;
}

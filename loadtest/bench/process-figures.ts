/** Reads what a process and its descendants have used, as the kernel counts it. https://man7.org/linux/man-pages/man5/proc.5.html */
import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts a process's CPU time in hundredths of a second, on every architecture (USER_HZ). */
const TICK_MS = 10;

export interface ProcessFigures {
  readonly cpuMs: number;
  /** Memory in use now, bytes; pages that processes share count for each. */
  readonly rssBytes: number;
}

/** @param stat a line of `/proc/<pid>/stat`, whose second field may hold spaces and brackets */
export function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  });
}

function figuresOfOne(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuMs: cpuMsOf(readFileSync(`/proc/${pid}/stat`, 'utf8')),
    rssBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024,
  };
}

function sum(figures: readonly ProcessFigures[]): ProcessFigures {
  return {
    cpuMs: figures.reduce((total, { cpuMs }) => total + cpuMs, 0),
    rssBytes: figures.reduce((total, { rssBytes }) => total + rssBytes, 0),
  };
}

function withDescendants(pid: number): ProcessFigures {
  const others = childrenOf(pid).map((child) => {
    try {
      return withDescendants(child);
    } catch {
      return { cpuMs: 0, rssBytes: 0 };
    }
  });
  return sum([figuresOfOne(pid), ...others]);
}

/** @throws {Error} when one of the processes has ended */
export function processFigures(pids: readonly number[]): ProcessFigures {
  return sum(pids.map(withDescendants));
}

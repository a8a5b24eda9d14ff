/** Which core each part of a run has: the thing under test one of its own, all that measures it another. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findTool } from '../../observability/local/paths.ts';

export interface Pinning {
  /** What comes before a command under test; empty where it is not pinned. */
  readonly subject: readonly string[];
  /** What comes before a command that may use every core, as this process itself has one. */
  readonly everywhere: readonly string[];
  /** The core of the generator, the upstream and this process; undefined where they are not pinned. */
  readonly generatorCore: number | undefined;
  /** One sentence for the page and the terminal. */
  readonly says: string;
}

/** @param list as the kernel writes it, e.g. `0-1,4` */
export function coresOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

export function choosePinning(cores: readonly number[], taskset: string | undefined): Pinning {
  const [subject, generator] = cores;
  const not = (why: string): Pinning => ({
    subject: [],
    everywhere: [],
    generatorCore: undefined,
    says: `Nothing is pinned: ${why}. Ratios of a run still hold, its absolute figures hold less.`,
  });
  if (subject === undefined || generator === undefined) return not('there is one core');
  if (taskset === undefined) return not('there is no taskset (util-linux)');
  return {
    subject: [taskset, '-c', String(subject)],
    everywhere: [taskset, '-c', cores.join()],
    generatorCore: generator,
    says: `The thing under test has core ${subject}; generator, upstream and receivers share core ${generator}.`,
  };
}

/** The cores that this process may use. */
function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return coresOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0');
}

/** Chooses, and moves this process to its core; its children begin there too. */
export function pin(): Pinning {
  const pinning = choosePinning(allowedCores(), findTool('taskset'));
  const [taskset] = pinning.subject;
  if (taskset !== undefined) {
    const core = String(pinning.generatorCore);
    spawnSync(taskset, ['--all-tasks', '--cpu-list', '--pid', core, String(process.pid)]);
  }
  return pinning;
}

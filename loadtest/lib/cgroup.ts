/** A memory cgroup around a process, as a container has one. https://docs.kernel.org/admin-guide/cgroup-v2.html */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the kernel's two versions of cgroups are mounted, and how each names the same files. */
const VERSIONS = [
  {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    events: 'memory.oom_control',
  },
  { root: '/sys/fs/cgroup', limit: 'memory.max', peak: 'memory.peak', events: 'memory.events' },
] as const;

export interface MemoryCgroup {
  /** Makes a Node process join the cgroup before it does anything else. */
  readonly env: Readonly<Record<'NODE_OPTIONS', string>>;
  /** The most memory that the processes held at once, bytes. */
  peakBytes(): number;
  /** Processes that the kernel killed because the limit was reached. */
  kills(): number;
  /** Changes the limit while processes run, bytes. */
  limitTo(bytes: number): void;
  /** Removes the cgroup; its processes must have ended. */
  remove(): void;
}

/**
 * @param nodeOptions further options of the process
 * @returns undefined where this machine, or this user, cannot have a cgroup
 */
export function createMemoryCgroup(
  limitBytes: number,
  nodeOptions: string,
): MemoryCgroup | undefined {
  const version = VERSIONS.find(({ root, limit }) => {
    return (
      existsSync(join(root, limit)) ||
      (limit === 'memory.max' && existsSync(join(root, 'cgroup.controllers')))
    );
  });
  if (!version) return undefined;
  const folder = join(version.root, `claude-observatory-${process.pid}`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, version.limit), String(limitBytes));
  } catch {
    return undefined;
  }
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const join_ = `import{writeFileSync}from'node:fs';writeFileSync('${folder}/cgroup.procs',String(process.pid))`;
  return {
    env: {
      NODE_OPTIONS: `${nodeOptions} --import data:text/javascript,${encodeURIComponent(join_)}`,
    },
    peakBytes: () => Number(read(version.peak)),
    kills: () => Number(/^oom_kill (\d+)$/m.exec(read(version.events))?.[1] ?? 0),
    limitTo: (bytes) => writeFileSync(join(folder, version.limit), String(bytes)),
    remove: () => rmdirSync(folder),
  };
}

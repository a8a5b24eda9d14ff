/** A memory cgroup around a process, as a container has one. https://docs.kernel.org/admin-guide/cgroup-v2.html */
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
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
  /** Removes the cgroup; its processes must have ended, or be about to. @throws {Error} EBUSY when one has not */
  remove(): void;
}

const TRIES = 20;
const BETWEEN_TRIES_MS = 50;

/** Waits without the event loop, because a process that exits has none: the kernel lets go of the last one in its time. */
function removeFolder(folder: string): void {
  for (let tries = 1; ; tries++) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BETWEEN_TRIES_MS);
    }
  }
}

/** @returns the folder of a new cgroup with this limit, or undefined, and then nothing is left of it */
function limitedFolder(
  { root, limit }: Pick<(typeof VERSIONS)[number], 'root' | 'limit'>,
  limitBytes: number,
): string | undefined {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(root, 'claude-observatory-'));
    writeFileSync(join(folder, limit), String(limitBytes));
    return folder;
  } catch {
    if (folder) removeFolder(folder);
    return undefined;
  }
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
  const folder = limitedFolder(version, limitBytes);
  if (!folder) return undefined;
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const joining = `import{writeFileSync}from'node:fs';writeFileSync('${folder}/cgroup.procs',String(process.pid))`;
  return {
    env: {
      NODE_OPTIONS: `${nodeOptions} --import data:text/javascript,${encodeURIComponent(joining)}`,
    },
    peakBytes: () => Number(read(version.peak)),
    kills: () => Number(/^oom_kill (\d+)$/m.exec(read(version.events))?.[1] ?? 0),
    limitTo: (bytes) => writeFileSync(join(folder, version.limit), String(Math.round(bytes))),
    remove: () => removeFolder(folder),
  };
}

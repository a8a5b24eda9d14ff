/** What Linux says of processes, for tests of what a run leaves behind. https://man7.org/linux/man-pages/man5/proc.5.html */
import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
  readonly pid: string;
  /** Its arguments, each followed by a space. */
  readonly command: string;
}

/** A process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const commandOf = (pid: string) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

/** The processes that a process has started; those that have ended and wait for it have no command. */
export function childrenOf(pid: number): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => read(`/proc/${name}/status`).includes(`\nPPid:\t${pid}\n`))
    .map((name) => ({ pid: name, command: commandOf(name) }));
}

/** Whether it runs still, and its number was not given to another. */
export function isRunning({ pid, command }: Process): boolean {
  return command !== '' && commandOf(pid) === command;
}

/** A program of the stack as a process of its own, which a game day stops, restarts or has read its files again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { eventually } from '../../app/testing/poll.ts';
import { endChild, endWithUs } from '../lib/children.ts';

const START_LIMIT_MS = 60_000;

export interface Command {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Answers 2xx once it is ready. */
  readonly ready: string;
  /** Where its output goes. */
  readonly log: string;
}

export class Program {
  readonly #command: Command;
  #child: ChildProcess | undefined;

  constructor(command: Command) {
    this.#command = command;
  }

  /** Starts it and waits until it is ready. @throws {Error} with the end of its log when it is not */
  async start(): Promise<void> {
    const { name, program, args, cwd, ready, log } = this.#command;
    const output = openSync(log, 'a');
    const child = spawn(program, args, { cwd, stdio: ['ignore', output, output] });
    closeSync(output);
    endWithUs(child);
    this.#child = child;
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = new Error(`${name} does not start: ${error.message}`);
    });
    await eventually(
      async () => {
        if (failure) throw failure;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`${name} ended: ${this.lastLines()}`);
        return (await fetch(ready, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined))
          ?.ok;
      },
      { timeoutMs: START_LIMIT_MS },
    );
  }

  /** Has it read its configuration again. */
  reload(): void {
    this.#child?.kill('SIGHUP');
  }

  /** Ends it, unless it has ended; SIGKILL is for what must not say goodbye. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child) await endChild(this.#child, signal);
  }

  lastLines(): string {
    return readFileSync(this.#command.log, 'utf8').trim().split('\n').slice(-5).join('\n');
  }
}

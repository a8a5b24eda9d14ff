/** What runs the local stack: docker compose where there is an engine, plain processes elsewhere. */
import type { PartName } from './current.ts';

/** One way to run the stack. The commands of `stack.ts` are the same over each. */
export interface Backend {
  /** In the order in which they are started. */
  readonly names: readonly PartName[];
  /** How long the slowest part may take to be well, milliseconds. */
  readonly startLimitMs: number;
  /** How often `running` may be asked while waiting, milliseconds: compose takes a while to answer. */
  readonly askEveryMs: number;
  /** Fetches the programs that are missing. @returns whether all are there */
  prepare(): boolean;
  running(): ReadonlySet<PartName>;
  /** Starts what does not run. @throws {Error} when it cannot */
  start(missing: readonly PartName[]): void;
  /** Stops what was started by the last `start`. */
  undo(missing: readonly PartName[]): Promise<void>;
  /** Stops all of it; what is stopped is said. */
  down(): Promise<void>;
  /** Where the log is, in a reader's terms. */
  logName(name: PartName): string;
  log(name: PartName, lines: number): string;
  /** A sentence on what `down` leaves. */
  readonly left: string;
}

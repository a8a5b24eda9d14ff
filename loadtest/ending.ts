/** Ends a run on signals: early at the first one, and at once at the second, but not without its last acts. */
import { constants } from 'node:os';

/** Undoes what would outlive the process. It ends by itself within seconds, whatever is wrong. */
export type LastAct = () => Promise<unknown>;

/** A terminal that is closed sends SIGHUP. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Ending {
  readonly #early = new AbortController();
  readonly #lastActs: LastAct[] = [];
  #isLeaving = false;

  constructor() {
    for (const name of SIGNALS) process.on(name, () => void this.#onSignal(name));
    // Whoever read the output may leave, as `head` does. The run goes on, for its files and its exit code.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  }

  /** Aborted at the first signal: what has begun is summed up. */
  get signal(): AbortSignal {
    return this.#early.signal;
  }

  /** @param act runs at the second signal, before this process exits */
  beforeExit(act: LastAct): void {
    this.#lastActs.push(act);
  }

  async #onSignal(name: (typeof SIGNALS)[number]): Promise<void> {
    if (!this.signal.aborted) {
      process.stderr.write('loadtest: the run is being ended; a second signal ends it at once\n');
      this.#early.abort();
      return;
    }
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    await Promise.allSettled(this.#lastActs.map((act) => act()));
    // What a shell makes of a program that a signal has ended.
    process.exit(128 + constants.signals[name]);
  }
}

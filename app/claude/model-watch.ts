/** Asks for the list of models at the start and every few hours, because models retire while services run. */
import type { ModelFacts } from '../anthropic/models.ts';
import type { Clock } from '../time/clock.ts';
import type { ListModels } from './model-list.ts';

export interface ModelWatchOptions {
  /** Between two lists, milliseconds, varied at random by a fifth so that instances spread out; 0 for never. */
  readonly everyMs: number;
}

/** Anthropic announces a retirement at least 60 days before. */
export const MODEL_WATCH_DEFAULTS: ModelWatchOptions = { everyMs: 6 * 3_600_000 };

export interface ModelWatchDeps {
  readonly list: ListModels;
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Called with each list. */
  readonly onList: (models: readonly ModelFacts[]) => void;
  /** Called for the first of failures in a row. */
  readonly onFailure: (error: unknown) => void;
}

/** A list that failed, or that no key could ask for, is asked for again after this time, doubled each time. */
const RETRY_MS = 60_000;
const JITTER = 0.2;

export class ModelWatch {
  readonly #options: ModelWatchOptions;
  readonly #deps: ModelWatchDeps;
  readonly #stopping = new AbortController();
  #failures = 0;
  #isFailing = false;

  constructor(options: ModelWatchOptions, deps: ModelWatchDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Call once, when keys were read. Resolves when the watch is stopped; never rejects. */
  async start(): Promise<void> {
    const { signal } = this.#stopping;
    while (this.#options.everyMs > 0 && !signal.aborted) {
      await this.#ask();
      await this.#deps.clock.sleep(this.#pauseMs(), signal).catch(() => {});
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #ask(): Promise<void> {
    const { list, onList, onFailure } = this.#deps;
    try {
      const models = await list(this.#stopping.signal);
      this.#failures = models ? 0 : this.#failures + 1;
      if (!models) return;
      this.#isFailing = false;
      onList(models);
    } catch (error) {
      this.#failures += 1;
      if (!this.#isFailing && !this.#stopping.signal.aborted) onFailure(error);
      this.#isFailing = true;
    }
  }

  #pauseMs(): number {
    const { everyMs } = this.#options;
    const ms = this.#failures > 0 ? RETRY_MS * 2 ** (this.#failures - 1) : everyMs;
    return Math.min(everyMs, ms) * (1 - JITTER + 2 * JITTER * this.#deps.random());
  }
}

/** Reads the bill and Prometheus, and keeps what the last good read has found. */
import { readCostReport, type Window } from './cost-report.ts';
import { readCounted } from './counted.ts';
import type { BillState } from './gauges.ts';
import { ReadError, type ReadFailure } from './get-json.ts';
import { reconcile } from './reconcile.ts';
import type { BillSettings } from './settings.ts';

const HOUR_MS = 3_600_000;

/** @returns whole hours, because the report has no smaller ones */
export function windowAt(nowMs: number, { hours, lagHours }: BillSettings): Window {
  const endMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS - lagHours * HOUR_MS;
  return { startMs: endMs - hours * HOUR_MS, endMs };
}

export class BillReader {
  readonly #settings: BillSettings;
  readonly #now: () => number;
  readonly #failures = new Map<ReadFailure, number>();
  #last: BillState['last'];

  /** @param now milliseconds since 1970 */
  constructor(settings: BillSettings, now: () => number = Date.now) {
    this.#settings = settings;
    this.#now = now;
  }

  get state(): BillState {
    return { last: this.#last, failures: this.#failures };
  }

  /** @returns what went wrong, in words without a secret; undefined where nothing did */
  async read(window: Window = windowAt(this.#now(), this.#settings)): Promise<string | undefined> {
    try {
      const billed = await readCostReport(this.#settings, window);
      const counted = await readCounted(this.#settings.prometheusUrl, window);
      this.#last = { atMs: this.#now(), window, found: reconcile(billed, counted) };
      return undefined;
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      this.#failures.set(error.reason, (this.#failures.get(error.reason) ?? 0) + 1);
      return `${error.reason}: ${error.message}`;
    }
  }
}

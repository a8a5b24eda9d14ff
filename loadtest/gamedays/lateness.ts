/** Whether this machine keeps time: on a busy one a game day says more of the machine than of the rules. */
import { type Histogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { thresholds } from '../../observability/slo.ts';
import { msOf } from './duties.ts';

/** As late as EventLoopLagging tolerates of the service. */
export const LATE_MS = thresholds.eventLoopDelaySeconds * 1_000;

/** The window of EventLoopLagging, five minutes of production. */
const WINDOW_MS = msOf(5);

/** The worst of the windows' 99th percentiles, so that one late timer among hundreds excuses nothing. */
export class WorstWindow {
  readonly #delays: Histogram;
  #worstMs = 0;

  /** @param delays in nanoseconds */
  constructor(delays: Histogram) {
    this.#delays = delays;
  }

  /** A window is over. */
  end(): void {
    this.#worstMs = Math.max(this.#worstMs, this.#delays.percentile(99) / 1e6);
    this.#delays.reset();
  }

  /** What was before does not count. */
  forget(): void {
    this.#worstMs = 0;
    this.#delays.reset();
  }

  get worstMs(): number {
    return this.#worstMs;
  }
}

export interface LatenessWatch {
  /** What was before does not count. */
  forget(): void;
  /** @returns how late timers were in the worst window, milliseconds */
  stop(): number;
}

/** Watches this process' own timers. */
export function watchLateness(): LatenessWatch {
  const delays = monitorEventLoopDelay({ resolution: 10 });
  const worst = new WorstWindow(delays);
  delays.enable();
  const windows = setInterval(() => worst.end(), WINDOW_MS);
  return {
    forget: () => worst.forget(),
    stop() {
      clearInterval(windows);
      delays.disable();
      return worst.worstMs;
    },
  };
}

/**
 * A circuit breaker over one upstream: open when too many attempts fail, tried again by a few, and back
 * to its full share only slowly. https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
 */

import type { CircuitState } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';

export interface BreakerOptions {
  /** Failures are counted over this time. */
  readonly windowMs: number;
  /** With fewer attempts in the window nothing is concluded; as many failures in a row open it. */
  readonly minAttempts: number;
  /** Opens at this share of failures, 0 to 1. */
  readonly failureRatio: number;
  /** How long it stays open before it is tried. */
  readonly openMs: number;
  /** Attempts that try it; all must succeed. */
  readonly probes: number;
  /** From closing to the full share. */
  readonly rampMs: number;
}

/** How an attempt ended: well, badly, or in a way that says nothing of the upstream. */
export type AttemptEnd = 'success' | 'failure' | 'unknown';

/** An attempt as its breaker sees it. What began before the circuit opened changes nothing after. */
export interface WatchedAttempt {
  /** A stream has begun: enough for a circuit that is being tried, as it may last for minutes. */
  began(): void;
  /** Call once. */
  end(how: AttemptEnd): void;
}

export interface Breaker {
  state(): CircuitState;
  /** Whether an attempt may begin now. */
  admits(): boolean;
  /** Part of its weight that it should get, above 0 to 1: less while it comes back. */
  share(): number;
  begin(): WatchedAttempt;
  /** Until it is tried again, milliseconds; 0 unless open. */
  opensInMs(): number;
}

const BUCKETS = 10;
const FIRST_SHARE = 0.1;

/** Counts over a sliding window, by the tenth. */
function createWindow(windowMs: number, now: () => number) {
  const width = windowMs / BUCKETS;
  let counts: { slot: number; failures: number; all: number }[] = [];
  return {
    add(failed: boolean) {
      const slot = Math.floor(now() / width);
      let last = counts.at(-1);
      if (last?.slot !== slot) {
        counts = counts.filter((count) => count.slot > slot - BUCKETS);
        last = { slot, failures: 0, all: 0 };
        counts.push(last);
      }
      last.all += 1;
      if (failed) last.failures += 1;
    },
    sums() {
      const oldest = Math.floor(now() / width) - BUCKETS;
      const inside = counts.filter(({ slot }) => slot > oldest);
      const sum = (key: 'failures' | 'all') => inside.reduce((n, count) => n + count[key], 0);
      return { failures: sum('failures'), all: sum('all') };
    },
    clear() {
      counts = [];
    },
  };
}

/** @returns a closed breaker */
export function createBreaker(options: BreakerOptions, { now }: Pick<Clock, 'now'>): Breaker {
  const window = createWindow(options.windowMs, now);
  let openedAtMs: number | undefined;
  let closedAtMs = Number.NEGATIVE_INFINITY;
  let timesOpened = 0;
  let inARow = 0;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let probing = 0;
  let probed = 0;

  const state = (): CircuitState => {
    if (openedAtMs === undefined) return 'closed';
    return now() - openedAtMs >= options.openMs ? 'half_open' : 'open';
  };
  const open = () => {
    openedAtMs = now();
    timesOpened += 1;
    probing = 0;
    probed = 0;
    inARow = 0;
    window.clear();
  };
  const close = () => {
    openedAtMs = undefined;
    closedAtMs = now();
    window.clear();
  };
  const endProbe = (how: AttemptEnd) => {
    probing -= 1;
    // Another probe may have closed it already.
    if (state() === 'closed') return;
    if (how === 'failure') open();
    if (how === 'success') probed += 1;
    if (probed >= options.probes) close();
  };
  /**
   * In a row: after minutes of success, the share alone takes half a window to see a sudden death.
   */
  const tooMany = (): boolean => {
    inARow = now() - failedAtMs > options.windowMs ? 1 : inARow + 1;
    failedAtMs = now();
    const { failures, all } = window.sums();
    if (all >= options.minAttempts && failures / all >= options.failureRatio) return true;
    return inARow >= options.minAttempts;
  };
  const count = (how: AttemptEnd) => {
    if (how === 'unknown' || state() !== 'closed') return;
    window.add(how === 'failure');
    if (how === 'success') inARow = 0;
    else if (tooMany()) open();
  };
  return {
    state,
    admits: () => state() === 'closed' || (state() === 'half_open' && probing < options.probes),
    share() {
      const sinceMs = now() - closedAtMs;
      return Math.min(1, FIRST_SHARE + (1 - FIRST_SHARE) * (sinceMs / options.rampMs));
    },
    begin() {
      const begunIn = timesOpened;
      let probe = state() === 'half_open';
      if (probe) probing += 1;
      const settle = (how: AttemptEnd) => {
        probe = false;
        endProbe(how);
      };
      return {
        began() {
          if (probe && begunIn === timesOpened) settle('success');
        },
        end(how) {
          if (begunIn !== timesOpened) return;
          if (probe) settle(how);
          else count(how);
        },
      };
    },
    opensInMs: () =>
      openedAtMs === undefined ? 0 : Math.max(0, openedAtMs + options.openMs - now()),
  };
}

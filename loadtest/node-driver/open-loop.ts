/**
 * Begins the calls of a phase when they are due, whether or not earlier ones have ended. A driver that waited for
 * answers would ask a slow service less often, and measure it when it is at rest (coordinated omission).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { callsIn, dueS, type Phase } from '../scenarios/scenario.ts';

/** The time, in milliseconds from any origin, and a wait that may end late but never early. */
export interface Clock {
  now(): number;
  wait(ms: number): Promise<void>;
}

// Timers are no finer than a millisecond, and would fire up to one early for a fraction of it.
export const REAL_CLOCK: Clock = {
  now: () => performance.now(),
  wait: async (ms) => {
    await delay(Math.ceil(ms));
  },
};

/** How long it sleeps at most before it looks whether the run was ended. */
const LOOK_MS = 200;

export interface OpenLoop {
  readonly phase: Phase;
  /** When the run began, on the clock. */
  readonly runStartedMs: number;
  readonly clock: Clock;
  /** Ends the loop: no further call begins. */
  readonly signal: AbortSignal;
  /** Begins a call; resolves when it has ended, and never rejects. `lagMs`: how late it begins. */
  readonly begin: (n: number, lagMs: number) => Promise<void>;
  /** As many calls as allowed are in flight, so the one that is due is not made. */
  readonly drop: (n: number) => void;
}

/** @returns when the last call has begun; the promises of calls in flight are those of `begin` */
export async function openLoop(loop: OpenLoop): Promise<void> {
  const { phase, clock, signal, begin, drop } = loop;
  const startMs = loop.runStartedMs + phase.startS * 1000;
  const calls = callsIn(phase);
  let inFlight = 0;
  const ended = () => {
    inFlight -= 1;
  };
  for (let n = 0; n < calls && !signal.aborted; n++) {
    const dueMs = startMs + dueS(phase, n) * 1000;
    let nowMs = clock.now();
    while (nowMs < dueMs && !signal.aborted) {
      await clock.wait(Math.min(dueMs - nowMs, LOOK_MS));
      nowMs = clock.now();
    }
    if (signal.aborted) return;
    if (inFlight >= phase.maxInFlight) {
      drop(n);
      continue;
    }
    inFlight += 1;
    void begin(n, nowMs - dueMs).then(ended);
  }
}

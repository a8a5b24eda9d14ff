/** Makes mixed load: complete and streaming calls, cancels, and one fault after another. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { callOnce, countEndings } from '../lib/call-once.ts';
import { type ClosedLoop, closedLoop } from '../lib/load.ts';
import { FAULT_KINDS } from '../simulator/faults.ts';
import type { Simulator } from '../simulator/server.ts';

/** One in this many calls is cancelled by its caller. */
const CANCELLED_EVERY = 20;
const CANCELLED_WITHIN_MS = 30;

export interface MixedLoad extends ClosedLoop {
  readonly url: string;
  readonly simulator: Simulator;
  /** How long each fault is injected into half of the requests to the region `first`. */
  readonly faultMs: number;
}

/** @returns the number of calls by ending */
export async function mixedLoad(load: MixedLoad): Promise<Map<string, number>> {
  const { url, simulator, faultMs } = load;
  const agent = new Agent({ connections: load.concurrency });
  const startedMs = performance.now();
  let turn = -1;
  const nextFault = () => {
    const due = Math.floor((performance.now() - startedMs) / faultMs);
    if (due === turn) return;
    turn = due;
    const kind = FAULT_KINDS[turn % FAULT_KINDS.length] ?? 'reset';
    const fault = { kind, region: 'first', probability: 0.5, retryAfterS: 0, delayMs: 1_000 };
    simulator.setFaults([fault]);
  };
  const ends = await closedLoop(load, (n) => {
    nextFault();
    const cancelled = n % CANCELLED_EVERY === 0;
    const signal = cancelled ? AbortSignal.timeout(1 + (n % CANCELLED_WITHIN_MS)) : undefined;
    return callOnce(url, n % 2 === 0, agent, signal);
  });
  simulator.setFaults([]);
  await agent.destroy();
  return countEndings(ends);
}

/** Waits until the service has closed the idle sockets that it keeps for `keepAliveMs`. */
export function untilAtRest(keepAliveMs: number): Promise<void> {
  // undici closes idle sockets on a timer of one second.
  return delay(keepAliveMs + 2_000);
}

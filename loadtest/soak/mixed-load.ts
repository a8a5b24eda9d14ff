/** Calls as a bad day has them: whole and streamed, some cancelled by their callers, faults in turn. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { callOnce } from '../lib/call-once.ts';
import { FAULT_KINDS } from '../simulator/faults.ts';
import type { Simulator } from '../simulator/server.ts';

/** One in so many callers leaves. */
const LEAVES = 20;
const LEAVES_WITHIN_MS = 30;

export interface MixedLoad {
  readonly url: string;
  readonly simulator: Simulator;
  /** Calls at once. */
  readonly callers: number;
  /** Whether to go on, asked before each call. */
  readonly more: (begun: number) => boolean;
  /** How long each fault stays on in the region `first`, milliseconds. */
  readonly faultMs: number;
}

/** Runs until `more` says no. @returns how many calls ended in each way */
export async function mixedLoad(load: MixedLoad): Promise<Map<string, number>> {
  const { url, simulator, callers, more, faultMs } = load;
  const agent = new Agent({ connections: callers });
  const ended = new Map<string, number>();
  const startedMs = performance.now();
  let begun = 0;
  let fault = -1;
  const turnFaults = () => {
    const turn = Math.floor((performance.now() - startedMs) / faultMs);
    if (turn === fault) return;
    fault = turn;
    const kind = FAULT_KINDS[turn % FAULT_KINDS.length] ?? 'reset';
    simulator.setFaults([
      { kind, region: 'first', probability: 0.5, retryAfterS: 0, delayMs: 1_000 },
    ]);
  };
  const caller = async () => {
    while (more(begun)) {
      begun += 1;
      turnFaults();
      const leaves = begun % LEAVES === 0;
      const signal = leaves ? AbortSignal.timeout(1 + (begun % LEAVES_WITHIN_MS)) : undefined;
      const { what } = await callOnce(url, begun % 2 === 0, agent, signal);
      ended.set(what, (ended.get(what) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  simulator.setFaults([]);
  await agent.destroy();
  return ended;
}

/** Until idle sockets of a pool that keeps them `keepAliveMs` are closed. */
export function untilAtRest(keepAliveMs: number): Promise<void> {
  // undici looks at idle sockets once a second.
  return delay(keepAliveMs + 2_000);
}

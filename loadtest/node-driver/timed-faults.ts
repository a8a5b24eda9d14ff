/** Has the simulator inject faults at their times in the run, and takes them back whenever the run ends. */
import { type FaultCall, faultsOff, faultsOn } from '../calls/fault-calls.ts';
import type { LoadRequest } from '../calls/kinds.ts';
import type { TimedFaults } from '../scenarios/scenario.ts';
import type { Clock } from './open-loop.ts';
import { perform } from './perform.ts';
import { Sender } from './sender.ts';

export interface TimedFaultsOptions {
  /** One after the other. */
  readonly timed: readonly TimedFaults[];
  /** The base URL of the simulator's admin routes. */
  readonly simulator: string;
  /** When the run began, on the clock. */
  readonly runStartedMs: number;
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told when faults were switched on, and when they were switched off after each was injected. */
  readonly changed: () => void;
}

/** How long it sleeps at most before it looks whether the run was ended. */
const LOOK_MS = 200;
const TIMEOUT_MS = 5_000;
/** Of each request when this process is about to exit. */
const LAST_TIMEOUT_MS = 1_000;

/** A simulator that does not take the faults is not told of: the run then misses the threshold that counts them. */
export async function injectFaults(options: TimedFaultsOptions): Promise<void> {
  const { timed, simulator, signal, changed } = options;
  if (timed.length === 0) return;
  const sender = new Sender({ baseUrl: simulator, timeoutMs: TIMEOUT_MS });
  // Faults are taken back also when the run was ended early.
  const unending = new AbortController().signal;
  const make = (call: FaultCall) =>
    perform(call, { send: (request) => sender.send(request), signal: unending });
  for (const { fromS, untilS, faults } of timed) {
    await until(fromS, options);
    if (signal.aborted) break;
    if (await make(faultsOn(faults))) changed();
    await until(untilS, options);
    if (await make(faultsOff())) changed();
  }
  await sender.close();
}

/** Takes all faults back without waiting for anything: for a run that may not go on to its end. */
export async function takeBackFaults(simulator: string): Promise<void> {
  const sender = new Sender({ baseUrl: simulator, timeoutMs: LAST_TIMEOUT_MS });
  const send = (request: LoadRequest) => sender.send(request);
  await perform(faultsOff(), { send, signal: new AbortController().signal });
  await sender.close();
}

async function until(seconds: number, options: TimedFaultsOptions): Promise<void> {
  const { runStartedMs, clock, signal } = options;
  const untilMs = runStartedMs + seconds * 1000;
  while (!signal.aborted && clock.now() < untilMs) {
    await clock.wait(Math.min(untilMs - clock.now(), LOOK_MS));
  }
}

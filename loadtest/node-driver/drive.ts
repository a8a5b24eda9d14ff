/** Runs a scenario in this process: each phase in an open loop, and the simulator's faults beside them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Answer,
  type Broken,
  type CallKind,
  type LoadRequest,
  type Observation,
  REQUEST_TIMEOUT_MS,
} from '../calls/kinds.ts';
import { dueCall } from '../scenarios/due-call.ts';
import type { Phase } from '../scenarios/scenario.ts';
import type { LoadSettings } from '../scenarios/settings.ts';
import { openLoop, REAL_CLOCK } from './open-loop.ts';
import { type Health, OwnHealth } from './own-health.ts';
import { perform } from './perform.ts';
import { Sender } from './sender.ts';
import type { Tally } from './tally.ts';
import { injectFaults } from './timed-faults.ts';

export interface Drive {
  readonly settings: LoadSettings;
  readonly tally: Tally;
  /** Told each counted call as it ends. */
  readonly onCall: (made: MadeCall) => void;
  /** Ends the run early: nothing more begins, and what is in flight is given up and not counted. */
  readonly signal: AbortSignal;
}

export interface MadeCall {
  /** Its correlation ID. */
  readonly id: string;
  readonly phase: string;
  readonly kind: CallKind;
  readonly seen: Observation;
}

export interface Driven {
  /** From the start of the run to the end of its last call. */
  readonly seconds: number;
  readonly health: Health;
  /** How many counted requests failed because this machine had run out of something, by what. */
  readonly exhausted: ReadonlyMap<Broken, number>;
}

/** How long calls may go on after the last has begun, before those that are left have failed. */
const GRACE_MS = REQUEST_TIMEOUT_MS;
const LATE = new Error('the call had not ended when the time for it was over');

export async function drive(options: Drive): Promise<Driven> {
  const { scenario, simulator } = options.settings;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const calls = new Calls(options, signal);
  const runStartedMs = REAL_CLOCK.now();
  const timing = { runStartedMs, clock: REAL_CLOCK, signal };
  const loops = scenario.phases.map((phase) => openLoop({ ...timing, phase, ...calls.of(phase) }));
  const faults = injectFaults({
    ...timing,
    simulator,
    timed: scenario.faults,
    changed: () => options.tally.faultsChanged(),
  });
  await Promise.all([...loops, faults]);
  const grace = delay(GRACE_MS, undefined, { signal }).catch(() => undefined);
  await Promise.race([calls.ended(), grace]);
  ending.abort(LATE);
  await calls.ended();
  await calls.close();
  const seconds = (REAL_CLOCK.now() - runStartedMs) / 1000;
  return { seconds, health: calls.health.end(), exhausted: calls.exhausted };
}

/** The calls in flight. */
class Calls {
  readonly health = new OwnHealth();
  readonly exhausted = new Map<Broken, number>();
  readonly #options: Drive;
  readonly #signal: AbortSignal;
  readonly #sender: Sender;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: Drive, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#sender = new Sender({
      baseUrl: options.settings.target,
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
    signal.addEventListener('abort', () => this.#sender.giveUp(), { once: true });
  }

  /** What the open loop of a phase needs. */
  of(phase: Phase) {
    return {
      begin: async (n: number, lagMs: number) => {
        if (phase.counted) this.health.watch();
        const call = this.#make(phase, n, lagMs);
        this.#inFlight.add(call);
        await call;
        this.#inFlight.delete(call);
      },
      drop: () => this.#options.tally.dropped(phase),
    };
  }

  /** Resolves when all have ended. A call of many requests may go on for minutes, unless the run is ended. */
  async ended(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }

  async #make(phase: Phase, n: number, lagMs: number): Promise<void> {
    const { settings, tally, onCall } = this.#options;
    const id = randomUUID();
    const { kind, call } = dueCall(phase, n, id, settings.tokens);
    tally.begun(phase, kind, lagMs);
    const begunMs = REAL_CLOCK.now();
    const send = async (request: LoadRequest) => {
      const answer = await this.#sender.send(request);
      tally.answered(phase, kind, answer.status, answer.durationMs);
      if (phase.counted) this.#noteLimit(answer);
      return answer;
    };
    const performed = await perform(call, { send, signal: this.#signal });
    const isLate = this.#signal.aborted && this.#signal.reason === LATE;
    const seen = performed ?? (isLate ? notEnded(REAL_CLOCK.now() - begunMs) : undefined);
    tally.ended(phase, kind, seen);
    if (seen && phase.counted) onCall({ id, phase: phase.name, kind, seen });
  }

  #noteLimit({ broken }: Answer): void {
    if (!broken?.startsWith('driver_')) return;
    this.exhausted.set(broken, (this.exhausted.get(broken) ?? 0) + 1);
  }
}

/** What a call showed that was given up because it took too long. */
function notEnded(durationMs: number): Observation {
  return {
    verdict: { ok: false, reason: 'timeout' },
    answered: false,
    durationMs,
    correlated: undefined,
    overheadMs: undefined,
  };
}

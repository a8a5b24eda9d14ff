/**
 * A circuit breaker over one upstream: it opens when too many attempts fail, lets a few probes through
 * after a while, and closes with a slow start.
 * https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
 */

import type { CircuitState } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';
import { FailureWindow } from './failure-window.ts';

export interface BreakerOptions {
  /** Failures are counted over this time. */
  readonly windowMs: number;
  /** Minimum attempts before the ratio counts; as many consecutive failures also open the circuit. */
  readonly minAttempts: number;
  /** Share of failures that opens the circuit, 0 to 1. */
  readonly failureRatio: number;
  /** How long the circuit stays open before it is half-open. */
  readonly openMs: number;
  /** Half-open probes; all must succeed to close the circuit. */
  readonly probes: number;
  /** Time from closing to the full share of the calls. */
  readonly slowStartMs: number;
}

export const BREAKER_DEFAULTS: BreakerOptions = {
  windowMs: 10_000,
  minAttempts: 20,
  failureRatio: 0.5,
  openMs: 5_000,
  probes: 3,
  slowStartMs: 30_000,
};

export interface BreakerDeps extends Pick<Clock, 'now'> {
  /** Called with each new state. `half_open` is entered when the breaker is next asked after `openMs`. */
  readonly onStateChange?: ((state: CircuitState) => void) | undefined;
}

/** How an attempt ended; `unknown` says nothing about the upstream. */
export type AttemptEnd = 'success' | 'failure' | 'unknown';

/** An attempt as its breaker sees it. One that began before the circuit opened is ignored afterwards. */
export interface WatchedAttempt {
  /** A stream has begun. For a probe that is a success already, because the stream may last for minutes. */
  began(): void;
  /** Call once. */
  end(how: AttemptEnd): void;
}

interface Closed {
  readonly name: 'closed';
  readonly window: FailureWindow;
}

interface Open {
  readonly name: 'open';
  readonly halfOpensAtMs: number;
}

interface HalfOpen {
  readonly name: 'half_open';
  /** Probes in flight. */
  probing: number;
  succeeded: number;
}

/** Share of the calls right after the circuit has closed. */
const FIRST_SHARE = 0.1;

/** A new breaker is closed. */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #deps: BreakerDeps;
  #state: Closed | Open | HalfOpen;
  #timesOpened = 0;
  /** When the circuit last closed: the slow start counts from here. */
  #closedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: BreakerOptions, deps: BreakerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#state = this.#newClosed();
  }

  state(): CircuitState {
    return this.#current().name;
  }

  /** Whether an attempt may begin now. */
  admits(): boolean {
    const state = this.#current();
    if (state.name === 'half_open') return state.probing < this.#options.probes;
    return state.name === 'closed';
  }

  /** Share of its weight that the upstream should get, above 0 to 1: below 1 just after closing. */
  slowStartShare(): number {
    const sinceMs = this.#deps.now() - this.#closedAtMs;
    return Math.min(1, FIRST_SHARE + (1 - FIRST_SHARE) * (sinceMs / this.#options.slowStartMs));
  }

  /** Milliseconds until the circuit half-opens; 0 unless it is open. */
  halfOpensInMs(): number {
    const state = this.#current();
    return state.name === 'open' ? Math.max(0, state.halfOpensAtMs - this.#deps.now()) : 0;
  }

  begin(): WatchedAttempt {
    const period = this.#timesOpened;
    const state = this.#current();
    let probe = state.name === 'half_open' ? state : undefined;
    if (probe) probe.probing += 1;
    return {
      began: () => {
        if (!probe || period !== this.#timesOpened) return;
        this.#endProbe(probe, 'success');
        probe = undefined;
      },
      end: (how) => {
        if (period !== this.#timesOpened) return;
        if (probe) this.#endProbe(probe, how);
        else this.#count(how);
      },
    };
  }

  /** No timer half-opens a circuit: it happens when somebody asks. */
  #current(): Closed | Open | HalfOpen {
    const state = this.#state;
    if (state.name !== 'open' || this.#deps.now() < state.halfOpensAtMs) return state;
    return this.#enter({ name: 'half_open', probing: 0, succeeded: 0 });
  }

  #count(how: AttemptEnd): void {
    const state = this.#current();
    if (how === 'unknown' || state.name !== 'closed') return;
    if (how === 'success') state.window.recordSuccess();
    else state.window.recordFailure();
    if (how === 'failure' && this.#isTripped(state.window)) this.#open();
  }

  /** Consecutive failures trip it too: after long success the ratio alone would react too late. */
  #isTripped(window: FailureWindow): boolean {
    const { minAttempts, failureRatio } = this.#options;
    const { failures, attempts } = window.totals();
    if (attempts >= minAttempts && failures / attempts >= failureRatio) return true;
    return window.consecutiveFailures >= minAttempts;
  }

  #endProbe(probe: HalfOpen, how: AttemptEnd): void {
    probe.probing -= 1;
    // Another probe may have closed the circuit already.
    if (this.#state !== probe) return;
    if (how === 'failure') this.#open();
    if (how !== 'success') return;
    probe.succeeded += 1;
    if (probe.succeeded >= this.#options.probes) this.#close();
  }

  #open(): void {
    this.#timesOpened += 1;
    this.#enter({ name: 'open', halfOpensAtMs: this.#deps.now() + this.#options.openMs });
  }

  #close(): void {
    this.#closedAtMs = this.#deps.now();
    this.#enter(this.#newClosed());
  }

  #newClosed(): Closed {
    return { name: 'closed', window: new FailureWindow(this.#options.windowMs, this.#deps.now) };
  }

  #enter<State extends Closed | Open | HalfOpen>(state: State): State {
    this.#state = state;
    this.#deps.onStateChange?.(state.name);
    return state;
  }
}

/** Gauges of state that the service keeps anyway, read at each scrape. */
import type { Instruments } from './instruments.ts';
import { CIRCUIT_STATES, type CircuitState } from './vocabulary.ts';

/** Where the gauges read; each function is called once a scrape, so it must be cheap. */
export interface GaugeSources {
  /** Connections of the pool, and requests that wait for one. */
  readonly pool: () => Readonly<Record<'open' | 'free' | 'pending', number>>;
  readonly admission: {
    /** Calls that hold a slot, calls that wait for one, and calls in back-off. */
    counts(): Readonly<Record<'active' | 'queued' | 'paused', number>>;
    /** Most calls that may hold a slot, and most that may wait for one. */
    limits(): Readonly<Record<'active' | 'queued', number>>;
  };
  /** Most connections that the pool opens. */
  readonly poolLimit: () => number;
  /** The circuit of every upstream. */
  readonly upstreams: () => readonly { readonly name: string; readonly state: CircuitState }[];
  /** Retries that are left in the budget. */
  readonly budget: () => number;
}

/** Makes the observable gauges report these sources. Call it once. */
export function observeGauges(
  instruments: Pick<
    Instruments,
    'pool' | 'poolLimit' | 'admission' | 'admissionLimit' | 'circuit' | 'retryBudget'
  >,
  { pool, poolLimit, admission, upstreams, budget }: GaugeSources,
): void {
  instruments.pool.addCallback((result) => {
    for (const [state, n] of Object.entries(pool())) result.observe(n, { state });
  });
  instruments.admission.addCallback((result) => {
    for (const [state, n] of Object.entries(admission.counts())) result.observe(n, { state });
  });
  instruments.poolLimit.addCallback((result) => result.observe(poolLimit()));
  instruments.admissionLimit.addCallback((result) => {
    for (const [state, n] of Object.entries(admission.limits())) result.observe(n, { state });
  });
  instruments.circuit.addCallback((result) => {
    for (const { name: upstream, state: current } of upstreams()) {
      for (const state of CIRCUIT_STATES)
        result.observe(Number(state === current), { upstream, state });
    }
  });
  instruments.retryBudget.addCallback((result) => result.observe(budget()));
}

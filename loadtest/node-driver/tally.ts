/** Counts calls as they end, under the names and tags that k6 has for them. */
import type { CallKind, Observation } from '../calls/kinds.ts';
import { METRIC, METRIC_TYPE, type Metrics, type Sample, samplesOf } from '../scenarios/metrics.ts';
import type { Phase } from '../scenarios/scenario.ts';
import { type Cell, Cells } from './cells.ts';

/** Metrics of k6's own, which it also has of a warm-up. */
const K6 = {
  iterations: 'iterations',
  requests: 'http_reqs',
  requestMs: 'http_req_duration',
  inFlight: 'vus',
  mostInFlight: 'vus_max',
} as const;

export class Tally {
  readonly cells = new Cells();
  readonly #own = this.cells.at({});
  #inFlight = 0;

  constructor(phases: readonly Phase[]) {
    this.#own.gauge(K6.inFlight);
    this.#own.gauge(K6.mostInFlight).set(phases.reduce((sum, p) => sum + p.maxInFlight, 0));
    // That nothing was dropped is a result too, so its series begin at 0.
    for (const { name } of phases) this.cells.at({ scenario: name }).counter(METRIC.dropped);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  dropped({ name }: Phase): void {
    this.cells.at({ scenario: name }).counter(METRIC.dropped).add(1);
  }

  /** Faults of the simulator were switched on, or off after they had been injected. */
  faultsChanged(): void {
    this.#own.counter(METRIC.faultChanges).add(1);
  }

  /** @param lagMs how late the call began */
  begun(phase: Phase, kind: CallKind, lagMs: number): void {
    this.#inFlight += 1;
    this.#own.gauge(K6.inFlight).set(this.#inFlight);
    if (phase.counted) add(this.#cell(phase, kind), [METRIC.driverLagMs, lagMs]);
  }

  /** @param status 0 when no answer arrived */
  answered({ name }: Phase, kind: CallKind, status: number, durationMs: number): void {
    const cell = this.cells.at({ scenario: name, call_type: kind, status: labelOf(status) });
    cell.counter(K6.requests).add(1);
    cell.trend(K6.requestMs).add(durationMs);
  }

  /** @param seen what the call showed; undefined when it was given up because the run was ended */
  ended(phase: Phase, kind: CallKind, seen: Observation | undefined): void {
    this.#inFlight -= 1;
    this.#own.gauge(K6.inFlight).set(this.#inFlight);
    if (!seen) return;
    this.cells.at({ scenario: phase.name }).counter(K6.iterations).add(1);
    if (!phase.counted) return;
    const cell = this.#cell(phase, kind);
    for (const sample of samplesOf(kind, seen)) add(cell, sample);
  }

  /** @param seconds how long the run took */
  metrics(seconds: number): Metrics {
    const levels = [[], ['scenario'], ['call_type'], ['scenario', 'call_type']] as const;
    const sums = levels.flatMap((keep) => [...this.cells.merged(keep)]);
    return Object.fromEntries(sums.map(([key, sink]) => [key, sink.values(seconds)]));
  }

  #cell({ name }: Phase, kind: CallKind): Cell {
    return this.cells.at({ scenario: name, call_type: kind });
  }
}

/** Those that the service, its proxies and the API answer with; 0 for no answer. */
const STATUSES: ReadonlySet<number> = new Set([
  ...[0, 200, 400, 401, 402, 403, 404, 408, 409, 413, 415, 422, 429],
  ...[500, 501, 502, 503, 504, 529],
]);

/** @returns a label of few values, whatever a server makes up: a known status, or its class such as `4xx` */
function labelOf(status: number): string {
  if (STATUSES.has(status)) return String(status);
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'other';
}

function add(cell: Cell, [metric, value]: Sample): void {
  const type = METRIC_TYPE[metric];
  if (type === 'counter') cell.counter(metric).add(value);
  else if (type === 'rate') cell.rate(metric).add(value === 1);
  else cell.trend(metric).add(value);
}

/** The upstreams that can answer: picks one by priority, weight, circuit state and healthy keys. */
import type { KeyPool } from '../keys/key-pool.ts';
import { prefer, weightedRandom } from '../selection.ts';
import type { SignatureVersion } from '../signing/signature.ts';
import type { CircuitState } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';
import { type BreakerOptions, CircuitBreaker } from './circuit-breaker.ts';

/** Where a request can be sent: a host, a gateway, a cloud or another account. */
export interface Upstream {
  /** A configured alias, safe as a label value. */
  readonly name: string;
  /** With any path that precedes `/v1`, without a trailing slash. */
  readonly baseUrl: string;
  /** Upstreams with the lowest number are used first, others when those cannot answer. */
  readonly priority: number;
  /** Share of the calls among the upstreams of one priority. */
  readonly weight: number;
  readonly keys: KeyPool;
  /** Secrets that requests to it are signed with; absent where they are not signed. */
  readonly signing?: KeyPool;
  /** Versions of those signatures; by default `SIGNATURE_VERSIONS`. */
  readonly signatures?: readonly SignatureVersion[];
  /** Maps the caller's model names to the upstream's own. */
  readonly models: Readonly<Record<string, string>>;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An upstream with its circuit. */
export interface Candidate {
  readonly upstream: Upstream;
  readonly breaker: CircuitBreaker;
}

/** Whether the call has a healthy key for an upstream. */
export type HasKey = (upstream: Upstream) => boolean;

export interface UpstreamPoolDeps {
  readonly clock: Pick<Clock, 'now'>;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Called with the new state of an upstream's circuit. */
  readonly onCircuitChange?: (upstream: string, state: CircuitState) => void;
}

export class UpstreamPool {
  /** By priority. */
  readonly #candidates: readonly Candidate[];
  readonly #random: () => number;

  /** @param upstreams at least one */
  constructor(
    upstreams: readonly Upstream[],
    options: BreakerOptions,
    { clock: { now }, random, onCircuitChange }: UpstreamPoolDeps,
  ) {
    this.#random = random;
    this.#candidates = upstreams
      .toSorted((a, b) => a.priority - b.priority)
      .map((upstream) => {
        const onStateChange = (state: CircuitState) => onCircuitChange?.(upstream.name, state);
        return { upstream, breaker: new CircuitBreaker(options, { now, onStateChange }) };
      });
  }

  /**
   * Picks the upstream of an attempt.
   * @param tried names that are avoided while another is available
   * @param hasKey upstreams without a healthy key are avoided while another has one
   * @returns undefined when no circuit admits an attempt
   */
  pick(tried: ReadonlySet<string>, hasKey: HasKey): Candidate | undefined {
    // Every call runs this, and often there is one upstream, so that case allocates nothing.
    const [only] = this.#candidates;
    if (this.#candidates.length === 1) return only?.breaker.admits() ? only : undefined;
    const admitting = this.#candidates.filter(({ breaker }) => breaker.admits());
    const untried = prefer(admitting, ({ upstream }) => !tried.has(upstream.name));
    return this.#choose(prefer(untried, ({ upstream }) => hasKey(upstream)));
  }

  /** Picks an untried upstream with a closed circuit and a healthy key; undefined when there is none. */
  pickClosed(tried: ReadonlySet<string>, hasKey: HasKey): Candidate | undefined {
    const usable = this.#candidates.filter(
      ({ upstream, breaker }) =>
        breaker.state() === 'closed' && !tried.has(upstream.name) && hasKey(upstream),
    );
    return this.#choose(usable);
  }

  /** How many servers the upstreams are at: several may be behind one. */
  origins(): number {
    return new Set(this.#candidates.map(({ upstream }) => new URL(upstream.baseUrl).origin)).size;
  }

  states(): readonly { readonly name: string; readonly state: CircuitState }[] {
    return this.#candidates.map(({ upstream: { name }, breaker }) => ({
      name,
      state: breaker.state(),
    }));
  }

  /** Milliseconds until the first open circuit half-opens; 0 while any is not open. */
  halfOpensInMs(): number {
    return Math.min(...this.#candidates.map(({ breaker }) => breaker.halfOpensInMs()));
  }

  /** Slow start: a recovering group gets its share, the rest goes to the next priority. */
  #choose(candidates: readonly Candidate[]): Candidate | undefined {
    const priority = candidates[0]?.upstream.priority;
    const group = candidates.filter(({ upstream }) => upstream.priority === priority);
    const others = candidates.slice(group.length);
    const share = Math.max(...group.map(({ breaker }) => breaker.slowStartShare()));
    if (others.length > 0 && share < 1 && this.#random() >= share) return this.#choose(others);
    return weightedRandom(group, weightOf, this.#random);
  }
}

function weightOf({ upstream, breaker }: Candidate): number {
  return upstream.weight * breaker.slowStartShare();
}

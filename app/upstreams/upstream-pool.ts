/** The upstreams that may answer: whom to ask next, by priority, weight and the state of each circuit. */

import type { KeyRing } from '../keys/key-pool.ts';
import type { CircuitState } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';
import { type Breaker, type BreakerOptions, createBreaker } from './circuit-breaker.ts';

/** Where a request can be sent: a host, a gateway, a cloud or another account. */
export interface Upstream {
  /** A configured alias, fit for a label. */
  readonly name: string;
  /** With the path that stands before `/v1`, no slash at its end. */
  readonly baseUrl: string;
  /** The lowest is asked first; others when it cannot answer. */
  readonly priority: number;
  /** Share among those of one priority. */
  readonly weight: number;
  readonly keys: KeyRing;
  /** What requests to it are signed with; absent where they are not. */
  readonly signing?: KeyRing;
  /** The caller's model → the name that it has there. */
  readonly models: Readonly<Record<string, string>>;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An upstream with its circuit. */
export interface Candidate {
  readonly upstream: Upstream;
  readonly breaker: Breaker;
}

export type HasKey = (upstream: Upstream) => boolean;

export interface Upstreams {
  /**
   * Whom to ask now.
   * @param tried passed over while there is anybody else
   * @param hasKey whether the call has a key for it that is well: others are passed over first
   */
  pick(tried: ReadonlySet<string>, hasKey: HasKey): Candidate | undefined;
  /** Another with a closed circuit and a key; undefined when all of those were tried. */
  pickClosed(tried: ReadonlySet<string>, hasKey: HasKey): Candidate | undefined;
  states(): readonly { readonly name: string; readonly state: CircuitState }[];
  /** Until the first that is open is tried again, milliseconds. */
  opensInMs(): number;
}

export interface UpstreamDeps {
  readonly clock: Pick<Clock, 'now'>;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

/** @param list at least one */
export function createUpstreams(
  list: readonly Upstream[],
  options: BreakerOptions,
  { clock, random }: UpstreamDeps,
): Upstreams {
  const all: readonly Candidate[] = list
    .map((upstream) => ({ upstream, breaker: createBreaker(options, clock) }))
    .toSorted((a, b) => a.upstream.priority - b.upstream.priority);

  /** One that comes back takes a part of its calls; the others go where they went without it. */
  const choose = (candidates: readonly Candidate[]): Candidate | undefined => {
    let rest = candidates;
    while (rest.length > 0) {
      const priority = rest[0]?.upstream.priority;
      const group = rest.filter(({ upstream }) => upstream.priority === priority);
      rest = rest.filter(({ upstream }) => upstream.priority !== priority);
      const share = Math.max(...group.map(({ breaker }) => breaker.share()));
      if (rest.length === 0 || share === 1 || random() < share) return weighted(group);
    }
    return undefined;
  };
  const weighted = (group: readonly Candidate[]): Candidate | undefined => {
    const weightOf = ({ upstream, breaker }: Candidate) => upstream.weight * breaker.share();
    let left = random() * group.reduce((sum, candidate) => sum + weightOf(candidate), 0);
    for (const candidate of group) {
      left -= weightOf(candidate);
      if (left < 0) return candidate;
    }
    return group.at(-1);
  };
  const untried =
    (tried: ReadonlySet<string>) =>
    ({ upstream }: Candidate) =>
      !tried.has(upstream.name);

  const withKey =
    (hasKey: HasKey) =>
    ({ upstream }: Candidate) =>
      hasKey(upstream);

  const [only] = all;
  return {
    pick(tried, hasKey) {
      // The common case, on the hot path: nothing is chosen, nothing allocated.
      if (all.length === 1) return only?.breaker.admits() ? only : undefined;
      const admitting = all.filter(({ breaker }) => breaker.admits());
      const fresh = admitting.filter(untried(tried));
      return choose(fresh.filter(withKey(hasKey))) ?? choose(fresh) ?? choose(admitting);
    },
    pickClosed(tried, hasKey) {
      const closed = all.filter(({ breaker }) => breaker.state() === 'closed');
      return choose(closed.filter(untried(tried)).filter(withKey(hasKey)));
    },
    states: () =>
      all.map(({ upstream, breaker }) => ({ name: upstream.name, state: breaker.state() })),
    opensInMs: () => Math.min(...all.map(({ breaker }) => breaker.opensInMs())),
  };
}

/** The keys of one upstream: picks one for each attempt, by health and by the rate limit left. */
import { AppError } from '../errors.ts';
import { prefer, weightedRandom } from '../selection.ts';
import type { KeyState } from '../telemetry/vocabulary.ts';
import type { LimitGroup, LimitUse } from './limit-groups.ts';
import { type GroupView, type KeyResponse, PooledKey } from './pooled-key.ts';
import type { ApiKey, Secret } from './secret.ts';
import type { KeySet } from './sources/source.ts';

export interface KeyPoolOptions {
  /** How long a removed key may still be used while no current key is healthy, milliseconds. */
  readonly gracePeriodMs: number;
}

export interface KeyPoolDeps {
  /** Milliseconds, monotonic: a clock that is set back must not prolong a rest or a grace period. */
  readonly now: () => number;
  /** Milliseconds since the epoch, in which upstreams state their resets. */
  readonly wallClock: () => number;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

/** A key for one attempt. */
export interface PickedKey {
  readonly alias: string;
  readonly secret: Secret;
  /**
   * Updates the key from the upstream's response to the attempt.
   * @returns true if the key itself caused the response (rejected or rate limited)
   */
  report(response: KeyResponse): boolean;
}

/** A key as metrics see it. */
export interface KeyView {
  /** `…-old` while it retires. */
  readonly alias: string;
  readonly state: KeyState;
  /** Since the pool first had it, milliseconds. */
  readonly ageMs: number;
  /** The groups of limits that it has been used in. */
  readonly groups: readonly GroupView[];
}

const NONE: ReadonlySet<string> = new Set();

/** A new pool is empty until its first `update`. */
export class KeyPool {
  readonly #gracePeriodMs: number;
  readonly #now: () => number;
  readonly #wallClock: () => number;
  readonly #random: () => number;
  #keys: readonly PooledKey[] = [];
  /** Expired keys, remembered so that a source still listing them as `previous` cannot revive them. */
  #expired: ReadonlySet<string> = new Set();

  constructor({ gracePeriodMs }: KeyPoolOptions, { now, wallClock, random }: KeyPoolDeps) {
    this.#gracePeriodMs = gracePeriodMs;
    this.#now = now;
    this.#wallClock = wallClock;
    this.#random = random;
  }

  /**
   * @param use the limits that the attempt counts against: a key may rest for others
   * @param tried values of the keys that the call has used already: avoided while another is healthy
   * @throws {AppError} no_key
   */
  pick(use: LimitUse, tried: ReadonlySet<string> = NONE): PickedKey {
    const key = this.#choose(use.own, tried);
    const pickedAtMs = this.#now();
    const { alias, secret } = key;
    return { alias, secret, report: (response) => this.#report(key, response, use, pickedAtMs) };
  }

  /** Whether any key outside `tried` is healthy for requests that count against these limits. */
  hasHealthy({ own }: LimitUse, tried: ReadonlySet<string> = NONE): boolean {
    const nowMs = this.#now();
    this.#prune(nowMs);
    return this.#keys.some((key) => key.isHealthy(own, nowMs) && !tried.has(keyText(key)));
  }

  /**
   * Replaces the keys by those that the source lists now: unchanged ones keep their health, removed ones
   * retire over the grace period.
   * @returns whether a key was added or removed
   */
  update({ current, previous = [] }: KeySet): boolean {
    const nowMs = this.#now();
    this.#prune(nowMs);
    const { added, kept, removed } = diff(this.#keys, current);
    const changed = added.length > 0 || removed.some((key) => !key.isRetiring);
    for (const key of removed) key.retire(nowMs + this.#gracePeriodMs);
    const listed = current.map((key) => kept.get(key) ?? new PooledKey(key, Infinity, nowMs));
    const keys = [...listed, ...removed];
    this.#keys = [...keys, ...this.#stillValid(previous, keys, nowMs)];
    return changed;
  }

  /** Every key that is valid now, retiring ones included. */
  valid(): readonly ApiKey[] {
    this.#prune(this.#now());
    return this.#keys;
  }

  /** Every valid key, and some that have expired since the pool was last used: it does not look at the clock. */
  held(): readonly ApiKey[] {
    return this.#keys;
  }

  view(): readonly KeyView[] {
    const nowMs = this.#now();
    this.#prune(nowMs);
    return this.#keys.map((key) => ({
      alias: key.isRetiring ? `${key.alias}-old` : key.alias,
      state: key.state(nowMs),
      ageMs: nowMs - key.sinceMs,
      groups: key.groups(nowMs),
    }));
  }

  #choose(group: LimitGroup, tried: ReadonlySet<string>): PooledKey {
    // Every call runs this, and most pools have one key, so that case allocates nothing.
    const [only] = this.#keys;
    if (only && this.#keys.length === 1 && !only.isRetiring) return only;
    const nowMs = this.#now();
    this.#prune(nowMs);
    const candidates = this.#candidates(group, tried, nowMs);
    const chosen = weightedRandom(candidates, (key) => key.weight(group, nowMs), this.#random);
    if (!chosen) throw new AppError('no_key', 'the service has no key for the upstream');
    return chosen;
  }

  /**
   * When no key is healthy, the one that recovers first is used: nothing can be lost by trying it, and one
   * caller's large request must not lock all others out.
   */
  #candidates(group: LimitGroup, tried: ReadonlySet<string>, nowMs: number): readonly PooledKey[] {
    const healthy = this.#keys.filter((key) => key.isHealthy(group, nowMs));
    if (healthy.length === 0) {
      const byRecovery = (a: PooledKey, b: PooledKey) =>
        a.healthyAtMs(group) - b.healthyAtMs(group);
      return this.#keys.toSorted(byRecovery).slice(0, 1);
    }
    const untried = prefer(healthy, (key) => !tried.has(keyText(key)));
    return prefer(untried, (key) => !key.isRetiring);
  }

  #report(key: PooledKey, response: KeyResponse, use: LimitUse, pickedAtMs: number): boolean {
    const nowMs = this.#now();
    const times = { pickedAtMs, nowMs, wallMs: this.#wallClock() };
    const isKeysFault = key.report(response, use, times);
    if (isKeysFault) this.#recoverIfAllForbidden(nowMs);
    return isKeysFault;
  }

  /** When every key got a 403, the request lacks permission, not the keys: all of them recover. */
  #recoverIfAllForbidden(nowMs: number): void {
    this.#prune(nowMs);
    if (!this.#keys.every((key) => key.isForbidden(nowMs))) return;
    for (const key of this.#keys) key.recover();
  }

  /** Drops the keys whose grace period is over. */
  #prune(nowMs: number): void {
    // Redaction asks for the keys with every line, and most of the time none is expired.
    if (!this.#keys.some((key) => key.isExpired(nowMs))) return;
    const expired = this.#keys.filter((key) => key.isExpired(nowMs));
    this.#expired = new Set([...this.#expired, ...expired.map(keyText)]);
    this.#keys = this.#keys.filter((key) => !key.isExpired(nowMs));
  }

  /** @returns those `previous` keys that are new to the pool; they retire from the start */
  #stillValid(previous: readonly ApiKey[], pooled: readonly ApiKey[], nowMs: number): PooledKey[] {
    const listed = new Set(previous.map(keyText));
    this.#expired = new Set([...this.#expired].filter((value) => listed.has(value)));
    const known = new Set([...pooled.map(keyText), ...this.#expired]);
    return previous
      .filter((key) => !known.has(keyText(key)))
      .map((key) => new PooledKey(key, nowMs + this.#gracePeriodMs, nowMs));
  }
}

interface KeyDiff {
  /** Listed keys whose value the pool did not have. */
  readonly added: readonly ApiKey[];
  /** Pooled keys that are still listed unchanged, by the listed key. */
  readonly kept: ReadonlyMap<ApiKey, PooledKey>;
  /** Pooled keys whose value is no longer listed, one for each value. */
  readonly removed: readonly PooledKey[];
}

function diff(pooled: readonly PooledKey[], listed: readonly ApiKey[]): KeyDiff {
  const byValue = new Map(pooled.map((key) => [keyText(key), key]));
  const values = new Set(listed.map(keyText));
  const kept = new Map<ApiKey, PooledKey>();
  for (const key of listed) {
    const twin = pooled.find((one) => isSame(one, key));
    if (twin) kept.set(key, twin);
  }
  return {
    added: listed.filter((key) => !byValue.has(keyText(key))),
    kept,
    removed: [...byValue.values()].filter((key) => !values.has(keyText(key))),
  };
}

function isSame(pooled: PooledKey, { alias, secret }: ApiKey): boolean {
  return !pooled.isRetiring && pooled.alias === alias && keyText(pooled) === secret.reveal();
}

function keyText({ secret }: ApiKey): string {
  return secret.reveal();
}

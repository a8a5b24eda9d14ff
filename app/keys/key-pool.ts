/**
 * The keys of one upstream: which to use now, by health and by the rate limit that each has left, and what
 * each answer says of its key.
 */

import type { Family, Limit } from '../anthropic/rate-limits.ts';
import { AppError } from '../errors.ts';
import {
  type Answer,
  allForbidden,
  type Entry,
  heal,
  isWell,
  type KeyState,
  learn,
  limitsOfEntry,
  newEntry,
  stateOf,
  weightOf,
  wellAtMs,
} from './pooled-key.ts';
import type { ApiKey, Secret } from './secret.ts';
import type { KeySet } from './sources/source.ts';

export interface RingOptions {
  /** How long a key that has left its source is still used where no other is well, milliseconds. */
  readonly overlapMs: number;
}

export interface RingDeps {
  /** Milliseconds since the epoch: limits are reset by the clock on the wall. */
  readonly now: () => number;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

/** A key for one attempt. */
export interface PickedKey {
  readonly alias: string;
  readonly secret: Secret;
  /** Takes in what the upstream answered. @returns whether that was for the key's sake */
  learn(answer: Answer): boolean;
}

/** A key as metrics see it. */
export interface KeyView {
  /** `…-old` while it retires. */
  readonly alias: string;
  readonly state: KeyState;
  /** Milliseconds since the epoch at which the ring first had it. */
  readonly sinceMs: number;
  /** Only what the upstream has reported. */
  readonly limits: ReadonlyMap<Family, Limit>;
}

export interface KeyRing {
  /**
   * @param left keys that this call has met already: passed over while another is well
   * @throws {AppError} no_key
   */
  pick(left?: ReadonlySet<string>): PickedKey;
  /** Whether a key is well, besides those that the call has left. */
  isWell(left?: ReadonlySet<string>): boolean;
  /** Takes in what the source says now. @returns whether anything changed */
  update(keys: KeySet): boolean;
  view(): readonly KeyView[];
  /** Every key that is valid now, those that retire included. */
  valid(): readonly ApiKey[];
}

const NONE: ReadonlySet<string> = new Set();

/** @returns an empty ring */
export function createKeyRing({ overlapMs }: RingOptions, { now, random }: RingDeps): KeyRing {
  let entries: readonly Entry[] = [];
  /** What a source goes on to name as its previous one does not come back when it has had its time. */
  const overlapped = new Set<string>();

  const live = (): readonly Entry[] => {
    const nowMs = now();
    const over = entries.filter(({ retiresAtMs }) => retiresAtMs <= nowMs);
    for (const { value } of over) overlapped.add(value);
    if (over.length > 0) entries = entries.filter((entry) => !over.includes(entry));
    return entries;
  };

  /**
   * Current ones first, then those that retire. When none is well, the one that will be so first: there is
   * nothing to lose, and one caller's large request must not take the keys from all others.
   */
  const candidates = (left: ReadonlySet<string>): readonly Entry[] => {
    const allWell = live().filter((entry) => isWell(entry, now()));
    const unmet = allWell.filter(({ value }) => !left.has(value));
    const well = unmet.length > 0 ? unmet : allWell;
    const current = well.filter(({ retiresAtMs }) => retiresAtMs === Infinity);
    if (current.length > 0) return current;
    if (well.length > 0) return well;
    return entries.toSorted((a, b) => wellAtMs(a) - wellAtMs(b)).slice(0, 1);
  };

  const weighted = (usable: readonly Entry[]): Entry => {
    const weights = usable.map((entry) => weightOf(entry, now()));
    let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
    const index = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return usable.at(index) as Entry;
  };

  const choose = (left: ReadonlySet<string>): Entry => {
    // The common case, on the hot path: nothing to choose, nothing allocated.
    const [only] = entries;
    if (only && entries.length === 1 && only.retiresAtMs === Infinity) return only;
    const usable = candidates(left);
    if (usable.length === 0) {
      throw new AppError('no_key', 'the service has no key for the upstream');
    }
    return weighted(usable);
  };

  return {
    pick(left = NONE) {
      const entry = choose(left);
      const pickedAtMs = now();
      return {
        alias: entry.alias,
        secret: entry.secret,
        learn(answer) {
          const wasKeys = learn(entry, answer, pickedAtMs, now());
          // Then it was about what was asked for, and the keys are well.
          if (wasKeys && allForbidden(live(), now())) for (const one of live()) heal(one);
          return wasKeys;
        },
      };
    },
    isWell: (left = NONE) => live().some((entry) => isWell(entry, now()) && !left.has(entry.value)),
    update({ current, previous = [] }) {
      const before = new Map(live().map((entry) => [entry.value, entry]));
      const wanted = new Set(current.map(({ secret }) => secret.reveal()));
      const isSame = (entry: Entry, { alias, secret }: ApiKey) =>
        entry.retiresAtMs === Infinity && entry.alias === alias && entry.value === secret.reveal();
      const kept = current.map(
        (key) => entries.find((entry) => isSame(entry, key)) ?? newEntry(key, Infinity, now()),
      );
      const isKnown = ({ secret }: ApiKey) =>
        [wanted, before, overlapped].some((values) => values.has(secret.reveal()));
      const stillValid = previous
        .filter((key) => !isKnown(key))
        .map((key) => newEntry(key, now() + overlapMs, now()));
      const named = new Set(previous.map(({ secret }) => secret.reveal()));
      for (const value of overlapped) if (!named.has(value)) overlapped.delete(value);
      const left = [...before.values()].filter(({ value }) => !wanted.has(value));
      const leaves = left.some(({ retiresAtMs }) => retiresAtMs === Infinity);
      for (const entry of left) entry.retiresAtMs = Math.min(entry.retiresAtMs, now() + overlapMs);
      const changed = leaves || kept.some((entry) => !before.has(entry.value));
      entries = [...kept, ...left, ...stillValid];
      return changed;
    },
    view: () =>
      live().map((entry) => ({
        alias: entry.retiresAtMs === Infinity ? entry.alias : `${entry.alias}-old`,
        state: stateOf(entry, now()),
        sinceMs: entry.sinceMs,
        limits: limitsOfEntry(entry),
      })),
    valid: live,
  };
}

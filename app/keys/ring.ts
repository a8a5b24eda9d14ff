/**
 * The keys of one upstream: which to use now, by health and by the rate limit that each has left, and what
 * each answer says of its key.
 */
import { AppError } from '../errors.ts';
import type { ApiKey, Secret } from './key.ts';
import { type Family, type Limit, limitsOf, reportsLimits, shareLeft } from './limits.ts';
import type { KeySet } from './source.ts';

/** `resting`: its limit is used up until a reset; `refused`: the upstream does not take it. */
export const KEY_STATES = ['active', 'retiring', 'resting', 'refused'] as const;
export type KeyState = (typeof KEY_STATES)[number];

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

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What it asks for, where it asks. */
  readonly retryAfterMs: number | undefined;
  /** A used-up spend limit: it will not pass by waiting. */
  readonly spent: boolean;
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

interface Entry extends ApiKey {
  readonly value: string;
  readonly sinceMs: number;
  /** Infinity while its source has it. */
  retiresAtMs: number;
  restsUntilMs: number;
  refusedUntilMs: number;
  /** In a row. */
  refusals: number;
  refusedWith: number;
  unwellSinceMs: number;
  /** Of the last answer that reported limits: they are read when they are asked for. */
  reported: Readonly<Record<string, string>> | undefined;
  limits: ReadonlyMap<Family, Limit> | undefined;
}

/** A refused key is tried again after this, doubled each time: it may be new, and not known everywhere. */
const REFUSED_MS = 30_000;
const MAX_REFUSED_MS = 3_600_000;
/** So that a key without anything left is still looked at when all are so. */
const LEAST_WEIGHT = 0.001;
/** A shorter one is over before another key has been tried. */
const LEAST_REST_MS = 50;
const MAX_REST_MS = 24 * 3_600_000;
const NONE: ReadonlySet<string> = new Set();
const REFUSED_STATUS: ReadonlySet<number> = new Set([401, 402, 403]);

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
  const isWell = (entry: Entry) => entry.refusedUntilMs <= now() && entry.restsUntilMs <= now();

  /**
   * Current ones first, then those that retire. When none is well, the one that will be so first: there is
   * nothing to lose, and one caller's large request must not take the keys from all others.
   */
  const candidates = (left: ReadonlySet<string>): readonly Entry[] => {
    const allWell = live().filter(isWell);
    const unmet = allWell.filter(({ value }) => !left.has(value));
    const well = unmet.length > 0 ? unmet : allWell;
    const current = well.filter(({ retiresAtMs }) => retiresAtMs === Infinity);
    if (current.length > 0) return current;
    if (well.length > 0) return well;
    const backAt = ({ restsUntilMs, refusedUntilMs }: Entry) =>
      Math.max(restsUntilMs, refusedUntilMs);
    return entries.toSorted((a, b) => backAt(a) - backAt(b)).slice(0, 1);
  };

  const choose = (left: ReadonlySet<string>): Entry => {
    // The common case, on the hot path: nothing to choose, nothing allocated.
    const [only] = entries;
    if (only && entries.length === 1 && only.retiresAtMs === Infinity) return only;
    const usable = candidates(left);
    if (usable.length === 0) {
      throw new AppError('no_key', 'the service has no key for the upstream');
    }
    return weighted(usable, random, now());
  };

  const refuse = (entry: Entry, status: number) => {
    // Many calls may be under way with it; their refusals are one.
    if (entry.refusedUntilMs > now()) return;
    const restMs = Math.min(MAX_REFUSED_MS, REFUSED_MS * 2 ** entry.refusals);
    entry.refusedUntilMs = now() + restMs;
    entry.refusals += 1;
    entry.refusedWith = status;
    entry.unwellSinceMs = now();
    // All of them without rights: then it was about what was asked for, and the keys are well.
    const all = live();
    if (
      all.every(({ refusedUntilMs, refusedWith }) => refusedUntilMs > now() && refusedWith === 403)
    ) {
      for (const one of all) heal(one);
    }
  };

  const learn = (
    entry: Entry,
    pickedAtMs: number,
    { status, headers, retryAfterMs, spent }: Answer,
  ): boolean => {
    if (reportsLimits(headers)) {
      entry.reported = headers;
      entry.limits = undefined;
    }
    if (REFUSED_STATUS.has(status) || spent) {
      refuse(entry, status);
      return true;
    }
    if (status !== 429) {
      // Of an attempt that began before, the answer says nothing of what came since.
      if (pickedAtMs > entry.unwellSinceMs) heal(entry);
      return false;
    }
    const restMs = Math.min(MAX_REST_MS, retryAfterMs ?? untilReset(entry, now()));
    if (restMs < LEAST_REST_MS) return false;
    if (entry.restsUntilMs <= now()) entry.unwellSinceMs = now();
    entry.restsUntilMs = Math.max(entry.restsUntilMs, now() + restMs);
    return true;
  };

  const newEntry = (key: ApiKey, retiresAtMs: number): Entry => ({
    ...key,
    value: key.secret.reveal(),
    sinceMs: now(),
    retiresAtMs,
    restsUntilMs: 0,
    refusedUntilMs: 0,
    refusals: 0,
    refusedWith: 0,
    unwellSinceMs: 0,
    reported: undefined,
    limits: undefined,
  });

  return {
    pick(left = NONE) {
      const entry = choose(left);
      const pickedAtMs = now();
      return {
        alias: entry.alias,
        secret: entry.secret,
        learn: (answer) => learn(entry, pickedAtMs, answer),
      };
    },
    isWell: (left = NONE) => live().some((entry) => isWell(entry) && !left.has(entry.value)),
    update({ current, previous = [] }) {
      const before = new Map(live().map((entry) => [entry.value, entry]));
      const wanted = new Set(current.map(({ secret }) => secret.reveal()));
      const isSame = (entry: Entry, { alias, secret }: ApiKey) =>
        entry.retiresAtMs === Infinity && entry.alias === alias && entry.value === secret.reveal();
      const kept = current.map(
        (key) => entries.find((entry) => isSame(entry, key)) ?? newEntry(key, Infinity),
      );
      const isKnown = ({ secret }: ApiKey) =>
        [wanted, before, overlapped].some((values) => values.has(secret.reveal()));
      const stillValid = previous
        .filter((key) => !isKnown(key))
        .map((key) => newEntry(key, now() + overlapMs));
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

function limitsOfEntry(entry: Entry): ReadonlyMap<Family, Limit> {
  entry.limits ??= limitsOf(entry.reported ?? {});
  return entry.limits;
}

function heal(entry: Entry): void {
  entry.refusals = 0;
  entry.refusedUntilMs = 0;
  entry.restsUntilMs = 0;
}

/** At random, by what is left of the scarcest limit; a key of which nothing is known counts as full. */
function weighted(entries: readonly Entry[], random: () => number, nowMs: number): Entry {
  const weights = entries.map((entry) => {
    const shares = [...limitsOfEntry(entry).values()].map((limit) => shareLeft(limit, nowMs));
    return Math.max(LEAST_WEIGHT, Math.min(1, ...shares));
  });
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return entries.at(index) as Entry;
}

/** 0 where no limit is known to be used up: that 429 was not about this key. */
function untilReset(entry: Entry, nowMs: number): number {
  const used = [...limitsOfEntry(entry).values()].filter(({ remaining }) => remaining === 0);
  const resets = used.map(({ resetAtMs }) => resetAtMs - nowMs).filter((ms) => ms > 0);
  return Math.max(0, ...resets);
}

function stateOf(entry: Entry, nowMs: number): KeyState {
  if (entry.refusedUntilMs > nowMs) return 'refused';
  if (entry.restsUntilMs > nowMs) return 'resting';
  return entry.retiresAtMs === Infinity ? 'active' : 'retiring';
}

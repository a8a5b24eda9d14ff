/** One key of a ring: how well it is, by what the upstream answered to it. */

import {
  type Family,
  type Limit,
  limitsOf,
  reportsLimits,
  shareLeft,
} from '../anthropic/rate-limits.ts';
import type { ApiKey } from './secret.ts';

/** `resting`: its limit is used up until a reset; `refused`: the upstream does not take it. */
export const KEY_STATES = ['active', 'retiring', 'resting', 'refused'] as const;
export type KeyState = (typeof KEY_STATES)[number];

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What it asks for, where it asks. */
  readonly retryAfterMs: number | undefined;
  /** A used-up spend limit: it will not pass by waiting. */
  readonly spent: boolean;
}

/** A key with what is known of it. Times are milliseconds since the epoch. */
export interface Entry extends ApiKey {
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
/** A shorter one is over before another key has been tried. */
const LEAST_REST_MS = 50;
const MAX_REST_MS = 24 * 3_600_000;
/** So that a key without anything left is still looked at when all are so. */
const LEAST_WEIGHT = 0.001;
const REFUSED_STATUS: ReadonlySet<number> = new Set([401, 402, 403]);

/** @param retiresAtMs Infinity for one that its source has */
export function newEntry(key: ApiKey, retiresAtMs: number, nowMs: number): Entry {
  return {
    ...key,
    value: key.secret.reveal(),
    sinceMs: nowMs,
    retiresAtMs,
    restsUntilMs: 0,
    refusedUntilMs: 0,
    refusals: 0,
    refusedWith: 0,
    unwellSinceMs: 0,
    reported: undefined,
    limits: undefined,
  };
}

export function isWell({ refusedUntilMs, restsUntilMs }: Entry, nowMs: number): boolean {
  return refusedUntilMs <= nowMs && restsUntilMs <= nowMs;
}

/** When it will be well, as far as is known. */
export function wellAtMs({ refusedUntilMs, restsUntilMs }: Entry): number {
  return Math.max(refusedUntilMs, restsUntilMs);
}

/**
 * Takes in an answer to an attempt with it.
 * @param pickedAtMs when that attempt began
 * @returns whether the answer was for the key's sake
 */
export function learn(
  entry: Entry,
  { status, headers, retryAfterMs, spent }: Answer,
  pickedAtMs: number,
  nowMs: number,
): boolean {
  if (reportsLimits(headers)) {
    entry.reported = headers;
    entry.limits = undefined;
  }
  if (REFUSED_STATUS.has(status) || spent) {
    refuse(entry, status, nowMs);
    return true;
  }
  if (status === 429) return rest(entry, retryAfterMs ?? untilReset(entry, nowMs), nowMs);
  // A failure says nothing of the key, and an attempt that began before nothing of what came since.
  if (status < 500 && pickedAtMs > entry.unwellSinceMs) heal(entry);
  return false;
}

function refuse(entry: Entry, status: number, nowMs: number): void {
  // Many calls may be under way with it; their refusals are one.
  if (entry.refusedUntilMs > nowMs) return;
  entry.refusedUntilMs = nowMs + Math.min(MAX_REFUSED_MS, REFUSED_MS * 2 ** entry.refusals);
  entry.refusals += 1;
  entry.refusedWith = status;
  entry.unwellSinceMs = nowMs;
}

/** A later, shorter rest does not shorten a longer one. */
function rest(entry: Entry, ms: number, nowMs: number): boolean {
  if (ms < LEAST_REST_MS) return false;
  if (entry.restsUntilMs <= nowMs) entry.unwellSinceMs = nowMs;
  entry.restsUntilMs = Math.max(entry.restsUntilMs, nowMs + Math.min(MAX_REST_MS, ms));
  return true;
}

export function heal(entry: Entry): void {
  entry.refusals = 0;
  entry.refusedUntilMs = 0;
  entry.restsUntilMs = 0;
}

/** Whether every key was refused for want of a right. */
export function allForbidden(entries: readonly Entry[], nowMs: number): boolean {
  return entries.every(
    ({ refusedUntilMs, refusedWith }) => refusedUntilMs > nowMs && refusedWith === 403,
  );
}

/** Read when they are asked for, which most answers' are not. */
export function limitsOfEntry(entry: Entry): ReadonlyMap<Family, Limit> {
  entry.limits ??= limitsOf(entry.reported ?? {});
  return entry.limits;
}

/** Part that is left of its scarcest limit; a key of which nothing is known counts as full. */
export function weightOf(entry: Entry, nowMs: number): number {
  const shares = [...limitsOfEntry(entry).values()].map((limit) => shareLeft(limit, nowMs));
  return Math.max(LEAST_WEIGHT, Math.min(1, ...shares));
}

/** 0 where no limit is known to be used up: that 429 was not about this key. */
function untilReset(entry: Entry, nowMs: number): number {
  const used = [...limitsOfEntry(entry).values()].filter(({ remaining }) => remaining === 0);
  const resets = used.map(({ resetAtMs }) => resetAtMs - nowMs).filter((ms) => ms > 0);
  return Math.max(0, ...resets);
}

export function stateOf(
  { refusedUntilMs, restsUntilMs, retiresAtMs }: Entry,
  nowMs: number,
): KeyState {
  if (refusedUntilMs > nowMs) return 'refused';
  if (restsUntilMs > nowMs) return 'resting';
  return retiresAtMs === Infinity ? 'active' : 'retiring';
}

/** One key of a pool: its health, judged by the upstream's responses to it, and its rate limits by group. */
import { type LimitName, reportsLimits } from '../anthropic/rate-limits.ts';
import type { KeyState } from '../telemetry/vocabulary.ts';
import { type AttemptTimes, GroupLimits, type LimitLeft } from './group-limits.ts';
import type { LimitGroup, LimitUse } from './limit-groups.ts';
import type { ApiKey, Secret } from './secret.ts';

/** The parts of an upstream's response that say something about the key it was sent with. */
export interface KeyResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long the upstream asks to wait; undefined where it names no time. */
  readonly retryAfterMs: number | undefined;
  /** The key or its account was refused, so waiting does not help. */
  readonly rejected: boolean;
}

/** What metrics show of one key in one group of limits. */
export interface GroupView {
  /** The value of the label `model_family`; several groups may share one. */
  readonly family: string;
  readonly resting: boolean;
  /** Only what the upstream has reported. */
  readonly limits: ReadonlyMap<LimitName, LimitLeft>;
}

/** A rejected key is tried again after this time, doubled each time: a new key takes time to propagate. */
const REJECTED_MS = 30_000;
const MAX_REJECTED_MS = 3_600_000;

/** Times are monotonic milliseconds. */
export class PooledKey implements ApiKey {
  readonly alias: string;
  readonly secret: Secret;
  /** When the pool first had the key. */
  readonly sinceMs: number;
  #retiresAtMs: number;
  #rejectedUntilMs = 0;
  #rejectedWith = 0;
  #consecutiveRejections = 0;
  #rejectedAtMs = 0;
  /** Of the groups that the key has been used in; there is a fixed number of groups. */
  readonly #limits = new Map<LimitGroup, GroupLimits>();

  /** @param retiresAtMs Infinity while its source lists the key */
  constructor({ alias, secret }: ApiKey, retiresAtMs: number, nowMs: number) {
    this.alias = alias;
    this.secret = secret;
    this.sinceMs = nowMs;
    this.#retiresAtMs = retiresAtMs;
  }

  /** Whether its source no longer lists the key as current. */
  get isRetiring(): boolean {
    return this.#retiresAtMs !== Infinity;
  }

  /** Starts the grace period; one that is already running is not extended. */
  retire(atMs: number): void {
    this.#retiresAtMs = Math.min(this.#retiresAtMs, atMs);
  }

  isExpired(nowMs: number): boolean {
    return this.#retiresAtMs <= nowMs;
  }

  isHealthy(group: LimitGroup, nowMs: number): boolean {
    return this.healthyAtMs(group) <= nowMs;
  }

  /** When the key can be used again for requests of a group, as far as is known. */
  healthyAtMs(group: LimitGroup): number {
    return Math.max(this.#rejectedUntilMs, this.#limits.get(group)?.restsUntilMs ?? 0);
  }

  /** Whether the upstream rejects the key with a 403: it may lack the permission for what was requested. */
  isForbidden(nowMs: number): boolean {
    return this.#rejectedUntilMs > nowMs && this.#rejectedWith === 403;
  }

  state(nowMs: number): KeyState {
    if (this.#rejectedUntilMs > nowMs) return 'rejected';
    for (const limits of this.#limits.values()) {
      if (limits.restsUntilMs > nowMs) return 'cooling_down';
    }
    return this.isRetiring ? 'retiring' : 'active';
  }

  groups(nowMs: number): readonly GroupView[] {
    return Array.from(this.#limits, ([{ label: family }, limits]) => ({
      family,
      resting: limits.restsUntilMs > nowMs,
      limits: limits.limits(nowMs),
    }));
  }

  /** Share that is left of the group's scarcest limit, above 0 to 1; a key without known limits counts as full. */
  weight(group: LimitGroup, nowMs: number): number {
    return this.#limits.get(group)?.weight(nowMs) ?? 1;
  }

  /**
   * Updates health and limits from a response to a request of these groups.
   * @returns true if the key itself caused the response (rejected or rate limited)
   */
  report(response: KeyResponse, { own, reported }: LimitUse, times: AttemptTimes): boolean {
    const { status, headers, retryAfterMs, rejected } = response;
    for (const group of reported) {
      if (reportsLimits(headers, group.headers)) this.#limitsIn(group).learn(headers, times);
    }
    if (rejected) {
      this.#reject(status, times.nowMs);
      return true;
    }
    if (status === 429) return this.#limitsIn(own).rest(retryAfterMs, headers, times);
    if (status < 400) this.#succeed(own, times.pickedAtMs);
    return false;
  }

  recover(): void {
    this.#consecutiveRejections = 0;
    this.#rejectedUntilMs = 0;
  }

  /** Only a success proves the account, and an attempt says nothing about what happened after it began. */
  #succeed(group: LimitGroup, pickedAtMs: number): void {
    if (pickedAtMs > this.#rejectedAtMs) this.recover();
    this.#limits.get(group)?.succeed(pickedAtMs);
  }

  #limitsIn(group: LimitGroup): GroupLimits {
    const known = this.#limits.get(group);
    if (known) return known;
    const limits = new GroupLimits(group.headers);
    this.#limits.set(group, limits);
    return limits;
  }

  #reject(status: number, nowMs: number): void {
    // Many calls may be in flight with the key; their rejections count once.
    if (this.#rejectedUntilMs > nowMs) return;
    const backoffMs = REJECTED_MS * 2 ** this.#consecutiveRejections;
    this.#rejectedUntilMs = nowMs + Math.min(MAX_REJECTED_MS, backoffMs);
    this.#consecutiveRejections += 1;
    this.#rejectedWith = status;
    this.#rejectedAtMs = nowMs;
  }
}

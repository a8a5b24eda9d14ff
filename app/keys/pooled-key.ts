/** One key of a pool: its health, judged by the upstream's responses to it, and its rate limits. */
import {
  type Family,
  type Limit,
  limitsOf,
  reportsLimits,
  shareLeft,
} from '../anthropic/rate-limits.ts';
import type { KeyState } from '../telemetry/vocabulary.ts';
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

/** A rejected key is tried again after this time, doubled each time: a new key takes time to propagate. */
const REJECTED_MS = 30_000;
const MAX_REJECTED_MS = 3_600_000;
/** A shorter cool-down would be over before another key has been tried. */
const MIN_COOL_DOWN_MS = 50;
const MAX_COOL_DOWN_MS = 24 * 3_600_000;
/** Above 0, so that the pool can choose among keys that all have nothing left. */
const MIN_WEIGHT = 0.001;

/** Times are monotonic milliseconds, but for those of `wallMs`, which are since the epoch. */
export class PooledKey implements ApiKey {
  readonly alias: string;
  readonly secret: Secret;
  /** When the pool first had the key. */
  readonly sinceMs: number;
  #retiresAtMs: number;
  #coolsDownUntilMs = 0;
  #rejectedUntilMs = 0;
  #rejectedWith = 0;
  #consecutiveRejections = 0;
  #unhealthySinceMs = 0;
  /** Headers of the last response that reported limits; they are parsed only when somebody asks. */
  #reportedLimits: Readonly<Record<string, string>> = {};
  #limits: ReadonlyMap<Family, Limit> | undefined;

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

  isHealthy(nowMs: number): boolean {
    return this.healthyAtMs <= nowMs;
  }

  /** When the key can be used again, as far as is known. */
  get healthyAtMs(): number {
    return Math.max(this.#rejectedUntilMs, this.#coolsDownUntilMs);
  }

  /** Whether the upstream rejects the key with a 403: it may lack the permission for what was requested. */
  isForbidden(nowMs: number): boolean {
    return this.#rejectedUntilMs > nowMs && this.#rejectedWith === 403;
  }

  state(nowMs: number): KeyState {
    if (this.#rejectedUntilMs > nowMs) return 'rejected';
    if (this.#coolsDownUntilMs > nowMs) return 'cooling_down';
    return this.isRetiring ? 'retiring' : 'active';
  }

  /** Only what the upstream has reported. */
  get limits(): ReadonlyMap<Family, Limit> {
    this.#limits ??= limitsOf(this.#reportedLimits);
    return this.#limits;
  }

  /** Share that is left of its scarcest limit, above 0 to 1; a key without known limits counts as full. */
  weight(wallMs: number): number {
    let weight = 1;
    for (const limit of this.limits.values()) weight = Math.min(weight, shareLeft(limit, wallMs));
    return Math.max(MIN_WEIGHT, weight);
  }

  /**
   * Updates health and limits from a response.
   * @param times `pickedAtMs` is when the attempt began
   * @returns true if the key itself caused the response (rejected or rate limited)
   */
  report(
    response: KeyResponse,
    { pickedAtMs, nowMs, wallMs }: Readonly<Record<'pickedAtMs' | 'nowMs' | 'wallMs', number>>,
  ): boolean {
    const { status, headers, retryAfterMs, rejected } = response;
    if (reportsLimits(headers)) {
      this.#reportedLimits = headers;
      this.#limits = undefined;
    }
    if (rejected) {
      this.#reject(status, nowMs);
      return true;
    }
    if (status === 429) return this.#coolDown(retryAfterMs ?? this.#untilResetMs(wallMs), nowMs);
    // Only a success proves the account, and an attempt says nothing about what happened after it began.
    if (status < 400 && pickedAtMs > this.#unhealthySinceMs) this.recover();
    return false;
  }

  recover(): void {
    this.#consecutiveRejections = 0;
    this.#rejectedUntilMs = 0;
    this.#coolsDownUntilMs = 0;
  }

  #reject(status: number, nowMs: number): void {
    // Many calls may be in flight with the key; their rejections count once.
    if (this.#rejectedUntilMs > nowMs) return;
    const backoffMs = REJECTED_MS * 2 ** this.#consecutiveRejections;
    this.#rejectedUntilMs = nowMs + Math.min(MAX_REJECTED_MS, backoffMs);
    this.#consecutiveRejections += 1;
    this.#rejectedWith = status;
    this.#unhealthySinceMs = nowMs;
  }

  /** A longer cool-down that is already running is not shortened. */
  #coolDown(ms: number, nowMs: number): boolean {
    if (ms < MIN_COOL_DOWN_MS) return false;
    if (this.#coolsDownUntilMs <= nowMs) this.#unhealthySinceMs = nowMs;
    const untilMs = nowMs + Math.min(MAX_COOL_DOWN_MS, ms);
    this.#coolsDownUntilMs = Math.max(this.#coolsDownUntilMs, untilMs);
    return true;
  }

  /** 0 where no limit is known to be used up: then the 429 was not about this key. */
  #untilResetMs(wallMs: number): number {
    const usedUp = [...this.limits.values()].filter(({ remaining }) => remaining === 0);
    return Math.max(0, ...usedUp.map(({ resetAtMs }) => resetAtMs - wallMs));
  }
}

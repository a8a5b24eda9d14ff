/** What one key has in one group of limits: the limits as last reported, and its rest after a 429. */
import {
  type Arrival,
  type HeaderPrefix,
  type Limit,
  type LimitName,
  limitsOf,
  MAX_RESET_MS,
  remainingOf,
  shareLeft,
} from '../anthropic/rate-limits.ts';

type Headers = Readonly<Record<string, string>>;

/** When an attempt began, and when its response arrived. */
export interface AttemptTimes extends Arrival {
  /** Monotonic milliseconds. */
  readonly pickedAtMs: number;
}

/** Above 0, so that the pool can choose among keys that all have nothing left. */
const MIN_WEIGHT = 0.001;
/** A shorter rest would be over before another key has been tried. */
const MIN_REST_MS = 50;
const NONE: ReadonlyMap<LimitName, Limit> = new Map();

/** Times are monotonic milliseconds, but for those of `wallMs`, which are since the epoch. */
export class GroupLimits {
  readonly #prefix: HeaderPrefix;
  /** The report of the latest attempt that made one; it is parsed only when somebody asks. */
  #report: { readonly headers: Headers; readonly times: AttemptTimes } | undefined;
  #limits: ReadonlyMap<LimitName, Limit> | undefined;
  #restsUntilMs = 0;
  #limitedAtMs = 0;

  constructor(prefix: HeaderPrefix) {
    this.#prefix = prefix;
  }

  /** When the group can be used again with this key, as far as is known. */
  get restsUntilMs(): number {
    return this.#restsUntilMs;
  }

  /** Of two answers the one to the later attempt counts, whichever arrives last: it has seen more used up. */
  learn(headers: Headers, times: AttemptTimes): void {
    if (this.#report && this.#report.times.pickedAtMs > times.pickedAtMs) return;
    this.#report = { headers, times };
    this.#limits = undefined;
  }

  /**
   * Rests after a 429, for as long as the upstream asks, else until the limits that it reports as used up are
   * reset. A longer rest that is already running is not shortened.
   * @returns false where the 429 names no time that is worth a rest
   */
  rest(retryAfterMs: number | undefined, headers: Headers, arrival: Arrival): boolean {
    const { nowMs } = arrival;
    const ms = retryAfterMs ?? untilReset(limitsOf(headers, this.#prefix, arrival), nowMs);
    // A NaN is no time either.
    if (!(ms >= MIN_REST_MS)) return false;
    this.#restsUntilMs = Math.max(this.#restsUntilMs, nowMs + Math.min(MAX_RESET_MS, ms));
    this.#limitedAtMs = nowMs;
    return true;
  }

  /** A success ends the rest, but an attempt says nothing about a 429 that came after it began. */
  succeed(pickedAtMs: number): void {
    if (pickedAtMs > this.#limitedAtMs) this.#restsUntilMs = 0;
  }

  /** Share that is left of its scarcest limit, above 0 to 1; 1 where no limit is known. */
  weight(nowMs: number): number {
    let weight = 1;
    for (const limit of this.#parsed().values()) weight = Math.min(weight, shareLeft(limit, nowMs));
    return Math.max(MIN_WEIGHT, weight);
  }

  /** Only what the upstream has reported, as it is now. */
  limits(nowMs: number): ReadonlyMap<LimitName, LimitLeft> {
    const left = new Map<LimitName, LimitLeft>();
    for (const [name, limit] of this.#parsed()) {
      left.set(name, { limit: limit.limit, remaining: remainingOf(limit, nowMs) });
    }
    return left;
  }

  #parsed(): ReadonlyMap<LimitName, Limit> {
    if (!this.#report) return NONE;
    this.#limits ??= limitsOf(this.#report.headers, this.#prefix, this.#report.times);
    return this.#limits;
  }
}

/** A limit and what is left of it. */
export type LimitLeft = Pick<Limit, 'limit' | 'remaining'>;

/** @returns milliseconds; 0 where no limit is used up: then the 429 was about something else */
function untilReset(limits: ReadonlyMap<LimitName, Limit>, nowMs: number): number {
  const usedUp = [...limits.values()].filter(({ remaining }) => remaining === 0);
  return Math.max(0, ...usedUp.map(({ resetAtMs }) => resetAtMs - nowMs));
}

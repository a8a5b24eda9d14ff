/**
 * What a response's headers say about the key's rate limits. Names and forms:
 * https://platform.claude.com/docs/en/api/rate-limits#response-headers
 */
import { timeOf } from './api-time.ts';

/** What is limited, as the headers call it and as the label `limit` does. */
export const LIMITS = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const;
export type LimitName = (typeof LIMITS)[number];

/** How a response's headers begin: fast mode has limits of its own, with headers of their own. */
export type HeaderPrefix = 'anthropic-ratelimit' | 'anthropic-fast';

/** One limit, as last reported. */
export interface Limit {
  readonly limit: number;
  /** At most `limit`. */
  readonly remaining: number;
  /** Milliseconds on the clock of `now`; the limit is full again then. */
  readonly resetAtMs: number;
}

/** When a response arrived. */
export interface Arrival {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Milliseconds since the epoch, in which resets are stated. */
  readonly wallMs: number;
}

/** No limit of the API lasts longer, and a reset in a hostile year must not rule for ever. */
export const MAX_RESET_MS = 24 * 3_600_000;

type Headers = Readonly<Record<string, string>>;
type Names = readonly [name: LimitName, limit: string, remaining: string, reset: string];

function namesOf(prefix: HeaderPrefix, limits: readonly LimitName[]): readonly Names[] {
  return limits.map((name) => {
    const header = (part: string) => `${prefix}-${name}-${part}`;
    return [name, header('limit'), header('remaining'), header('reset')];
  });
}

const HEADERS: Readonly<Record<HeaderPrefix, readonly Names[]>> = {
  'anthropic-ratelimit': namesOf('anthropic-ratelimit', LIMITS),
  'anthropic-fast': namesOf('anthropic-fast', ['input-tokens', 'output-tokens']),
};

const LIMIT_HEADERS: Readonly<Record<HeaderPrefix, readonly string[]>> = {
  'anthropic-ratelimit': HEADERS['anthropic-ratelimit'].map(([, limit]) => limit),
  'anthropic-fast': HEADERS['anthropic-fast'].map(([, limit]) => limit),
};

/** Whether a response reports any limit; most do, and most reports are never read. */
export function reportsLimits(headers: Headers, prefix: HeaderPrefix): boolean {
  for (const name of LIMIT_HEADERS[prefix]) if (headers[name] !== undefined) return true;
  return false;
}

/** Every limit that a response reports; one without all of its parts is left out. */
export function limitsOf(
  headers: Headers,
  prefix: HeaderPrefix,
  { nowMs, wallMs }: Arrival,
): ReadonlyMap<LimitName, Limit> {
  const limits = new Map<LimitName, Limit>();
  for (const [name, limit, remaining, reset] of HEADERS[prefix]) {
    const size = count(headers[limit]);
    if (size === undefined) continue;
    const left = count(headers[remaining]);
    const leftMs = timeOf(headers[reset]) - wallMs;
    if (left === undefined || Number.isNaN(leftMs)) continue;
    const resetAtMs = nowMs + Math.min(MAX_RESET_MS, leftMs);
    limits.set(name, { limit: size, remaining: Math.min(size, left), resetAtMs });
  }
  return limits;
}

/** @returns undefined for what is no whole number, rather than a guess */
function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** @returns what is left of a limit; all of it once it has been reset */
export function remainingOf({ limit, remaining, resetAtMs }: Limit, nowMs: number): number {
  return nowMs >= resetAtMs ? limit : remaining;
}

/** @returns the share of a limit that is left, 0 to 1; a limit of 0 is that of a mode nobody may use */
export function shareLeft(limit: Limit, nowMs: number): number {
  return limit.limit === 0 ? 1 : remainingOf(limit, nowMs) / limit.limit;
}

/**
 * What a response's headers say about the key's rate limits. Families and names:
 * https://docs.anthropic.com/en/api/rate-limits#response-headers
 */

export const FAMILIES = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const;
export type Family = (typeof FAMILIES)[number];

/** The limit of one family, as last reported. */
export interface Limit {
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds since the epoch; the limit is full again then. */
  readonly resetAtMs: number;
}

type Headers = Readonly<Record<string, string>>;

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const HEADERS = Object.fromEntries(
  FAMILIES.map((family) => {
    const header = (part: string) => `anthropic-ratelimit-${family}-${part}`;
    return [family, [header('limit'), header('remaining'), header('reset')]];
  }),
) as unknown as Readonly<Record<Family, readonly [string, string, string]>>;

/** @returns undefined where a part is missing or is not a number or time, rather than a guess */
function limitOf(headers: Headers, family: Family): Limit | undefined {
  const [max, left, reset] = HEADERS[family];
  const limit = count(headers[max]);
  if (limit === undefined) return undefined;
  const remaining = count(headers[left]);
  const resetAtMs = Date.parse(headers[reset] ?? '');
  if (remaining === undefined || Number.isNaN(resetAtMs)) return undefined;
  return { limit, remaining, resetAtMs };
}

/** Whether a response reports any limit; most do, and most reports are never read. */
export function reportsLimits(headers: Headers): boolean {
  return FAMILIES.some((family) => headers[HEADERS[family][0]] !== undefined);
}

/** Every limit that a response reports. */
export function limitsOf(headers: Headers): ReadonlyMap<Family, Limit> {
  const limits = new Map<Family, Limit>();
  for (const family of FAMILIES) {
    const limit = limitOf(headers, family);
    if (limit) limits.set(family, limit);
  }
  return limits;
}

/** @returns the share of a limit that is left, 0 to 1; 1 once it has been reset */
export function shareLeft({ limit, remaining, resetAtMs }: Limit, nowMs: number): number {
  if (nowMs >= resetAtMs || limit === 0) return 1;
  return Math.min(1, remaining / limit);
}

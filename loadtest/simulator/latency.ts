/**
 * The latency profiles: log-normal distributions, given by their median and P99.
 * For a log-normal, P99 = median · e^(2.3263 σ), so σ = ln(P99 / median) / 2.3263.
 */

/** A log-normal distribution in milliseconds. */
export interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
}

export interface Profile {
  /** A complete answer, from request to response. */
  readonly complete: Latency;
  /** From a request to its stream's first content. */
  readonly firstToken: Latency;
  /** Between two chunks of a stream. */
  readonly chunk: Latency;
}

/**
 * `documented` is fast enough to meet the documented targets; `realistic` resembles a live model,
 * which cannot meet a P99 of 500 ms; `none` answers at once.
 */
export const PROFILES = {
  none: undefined,
  documented: {
    complete: { medianMs: 40, p99Ms: 120 },
    firstToken: { medianMs: 20, p99Ms: 80 },
    chunk: { medianMs: 2, p99Ms: 8 },
  },
  realistic: {
    complete: { medianMs: 3_000, p99Ms: 20_000 },
    firstToken: { medianMs: 700, p99Ms: 4_000 },
    chunk: { medianMs: 30, p99Ms: 200 },
  },
} as const satisfies Record<string, Profile | undefined>;

export type ProfileName = keyof typeof PROFILES;

const Z_99 = 2.3263478740408408;

/**
 * Draws one latency, by the Box-Muller transform.
 * @param random 0 inclusive to 1 exclusive, drawn from twice
 */
export function sampleMs({ medianMs, p99Ms }: Latency, random: () => number): number {
  const sigma = Math.log(p99Ms / medianMs) / Z_99;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return medianMs * Math.exp(sigma * normal);
}

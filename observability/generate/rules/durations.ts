/** Durations as Prometheus writes them: `5m`, `30d`. */

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;

/** @returns the seconds of a duration of one unit, or NaN if it is none */
export function secondsOf(duration: string): number {
  const [, count, unit] = /^([1-9]\d*)([smhdw])$/.exec(duration) ?? [];
  return Number(count) * SECONDS[unit as keyof typeof SECONDS];
}

/** Medians, spreads and ratios over rounds. */

/** Of the rounds of a run. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The mean of the two middle values where there is no middle one. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (i: number) => sorted[i] ?? Number.NaN;
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}

/** @returns undefined without values, or where one of them is no number */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** Compares within each round, as rounds differ more than what is compared does. */
export function pairedRatio(
  values: readonly number[],
  others: readonly number[],
): Spread | undefined {
  if (values.length !== others.length) return undefined;
  return spreadOf(values.map((value, i) => value / (others[i] ?? Number.NaN)));
}

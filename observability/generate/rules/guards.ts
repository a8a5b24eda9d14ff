/** How many events a ratio must be made of before it may wake anybody. */

/**
 * `rate()` extrapolates to the edges of its window: where that holds ten scrapes or more, one event never counts
 * as more than this.
 */
const EXTRAPOLATION = 1.1;

/**
 * One bad event in N is a ratio of 1/N, which is above the threshold unless N > 1/threshold.
 * @returns the least N at which a single bad event stays below, however the window extrapolates it
 */
export function enoughEvents(threshold: number): number {
  return Math.ceil(Number((EXTRAPOLATION / threshold).toPrecision(9)));
}

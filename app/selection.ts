/** How one of several is chosen: shared by the key pool and the upstream pool. */

/** The items that match, or all of them when none does. */
export function prefer<T>(items: readonly T[], matches: (item: T) => boolean): readonly T[] {
  const matching = items.filter(matches);
  return matching.length > 0 ? matching : items;
}

/**
 * Picks an item with a probability in proportion to its weight.
 * @param weightOf above 0
 * @param random 0 inclusive to 1 exclusive
 * @returns undefined only when there are no items
 */
export function weightedRandom<T>(
  items: readonly T[],
  weightOf: (item: T) => number,
  random: () => number,
): T | undefined {
  let left = random() * items.reduce((sum, item) => sum + weightOf(item), 0);
  for (const item of items) {
    left -= weightOf(item);
    if (left < 0) return item;
  }
  // Rounding can leave a small remainder.
  return items.at(-1);
}

/** Joins lists that rarely change, so that whoever asks again and again costs next to nothing. */

/**
 * @param read returns the lists; one that has not changed must be the same list
 * @param map makes an item of the joined list
 * @returns a function that returns the same joined list while none of the lists has changed
 */
export function joined<T, U>(
  read: () => readonly Iterable<T>[],
  map: (item: T) => U,
): () => readonly U[] {
  let lists: readonly Iterable<T>[] = [];
  let items: readonly U[] = [];
  return () => {
    const now = read();
    if (now.length !== lists.length || now.some((list, i) => list !== lists[i])) {
      lists = now;
      items = now.flatMap((list) => [...list].map(map));
    }
    return items;
  };
}

/**
 * A list of what is in progress, where that comes and goes thousands of times a second. A `Set` would do the same,
 * but whenever it rearranges itself it leaves its old table behind, linked to the new one: a table that the garbage
 * collector has moved to the old generation then keeps alive every table after it, with all that was in progress,
 * until the next full collection.
 */
export class InProgress<T extends object> {
  readonly #items: T[] = [];

  add(item: T): void {
    this.#items.push(item);
  }

  /** Does nothing for what is not in progress. */
  delete(item: T): void {
    const items = this.#items;
    // The search is short, because what began first mostly ends first.
    const at = items.indexOf(item);
    if (at < 0) return;
    items.splice(at, 1);
  }

  get size(): number {
    return this.#items.length;
  }

  /** @returns what has been in progress longest */
  first(): T | undefined {
    return this.#items[0];
  }

  /** @returns all of them, in the order in which they began */
  all(): readonly T[] {
    return [...this.#items];
  }
}

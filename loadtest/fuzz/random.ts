/** Random choices that a seed repeats, so that whatever a run finds can be made to happen again. */

export class Random {
  #state: number;

  /** @param seed a whole number below 2^32; the same seed makes the same choices */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** @returns 0 inclusive to 1 exclusive; mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @returns a whole number from `min` to `max`, both included */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.int(0, 255)));
  }

  /** Cuts bytes into one to `most` pieces, none of them empty. */
  pieces(bytes: Buffer, most: number): Buffer[] {
    const cuts = Array.from({ length: this.int(0, most - 1) }, () => this.int(1, bytes.length));
    const edges = [0, ...new Set(cuts), bytes.length].sort((a, b) => a - b);
    return edges
      .slice(1)
      .map((edge, i) => bytes.subarray(edges[i], edge))
      .filter((piece) => piece.length > 0);
  }
}

/** @returns the seed of one case of a run, far from those of its neighbours */
export function seedOf(run: number, index: number): number {
  return Math.imul(run ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
}

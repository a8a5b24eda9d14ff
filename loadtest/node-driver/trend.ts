/**
 * The aggregates of any number of durations in little memory: logarithmic buckets that are 0.2 % wide, so that a
 * percentile is wrong by 0.1 % at most, however long a soak lasts. Minimum, maximum and average are exact.
 */

const FIRST_EDGE_MS = 0.01;
/** Ten minutes; what takes longer is in the last bucket. */
const LAST_EDGE_MS = 600_000;
const GROWTH = Math.log(1.002);
const BUCKETS = Math.ceil(Math.log(LAST_EDGE_MS / FIRST_EDGE_MS) / GROWTH) + 1;

function bucketOf(ms: number): number {
  if (ms <= FIRST_EDGE_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / FIRST_EDGE_MS) / GROWTH));
}

export class Trend {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  /** @param ms a finite number of milliseconds, 0 or more */
  add(ms: number): void {
    const bucket = bucketOf(ms);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += ms;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
  }

  merge(other: Trend): void {
    if (other.#count === 0) return;
    const last = bucketOf(other.#max);
    for (let bucket = bucketOf(other.#min); bucket <= last; bucket++) {
      this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + (other.#buckets[bucket] ?? 0);
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /**
   * Interpolates linearly between the two nearest samples, as k6's Trend does.
   * @param share 0 to 1: 0.99 is the P99
   * @returns milliseconds; NaN without samples
   */
  percentile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const position = share * (this.#count - 1);
    const low = this.#sampleAt(Math.floor(position));
    const high = this.#sampleAt(Math.ceil(position));
    return low + (high - low) * (position - Math.floor(position));
  }

  /** @returns the share of samples up to a limit, 0 to 1; NaN without samples */
  shareWithin(limitMs: number): number {
    let within = 0;
    for (let bucket = bucketOf(limitMs); bucket >= 0; bucket--)
      within += this.#buckets[bucket] ?? 0;
    return within / this.#count;
  }

  /** @returns k6's aggregates, milliseconds; none without samples */
  values(): Readonly<Record<string, number>> {
    if (this.#count === 0) return {};
    return {
      count: this.#count,
      avg: this.#sum / this.#count,
      min: this.#min,
      med: this.percentile(0.5),
      'p(90)': this.percentile(0.9),
      'p(95)': this.percentile(0.95),
      'p(99)': this.percentile(0.99),
      max: this.#max,
    };
  }

  /** @param rank from 0; the smallest and the largest sample are known exactly */
  #sampleAt(rank: number): number {
    if (rank <= 0) return this.#min;
    if (rank >= this.#count - 1) return this.#max;
    let left = rank;
    let bucket = bucketOf(this.#min);
    for (; bucket < BUCKETS; bucket++) {
      left -= this.#buckets[bucket] ?? 0;
      if (left < 0) break;
    }
    const middle = FIRST_EDGE_MS * Math.exp((bucket - 0.5) * GROWTH);
    return Math.min(this.#max, Math.max(this.#min, middle));
  }
}

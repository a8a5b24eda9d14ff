/** What k6 has beside its trends: counters, rates and gauges, with the aggregates that its summary gives them. */
import type { Trend } from './trend.ts';

export class Counter {
  count = 0;

  add(n: number): void {
    this.count += n;
  }

  merge(other: Counter): void {
    this.count += other.count;
  }

  /** @param seconds how long the whole run took, by which k6 divides */
  values(seconds: number): Readonly<Record<string, number>> {
    return { count: this.count, rate: this.count / seconds };
  }
}

export class Rate {
  passes = 0;
  #all = 0;

  get share(): number {
    return this.passes / this.#all;
  }

  add(isTrue: boolean): void {
    this.#all += 1;
    if (isTrue) this.passes += 1;
  }

  merge(other: Rate): void {
    this.#all += other.#all;
    this.passes += other.passes;
  }

  values(): Readonly<Record<string, number>> {
    return { rate: this.share, passes: this.passes, fails: this.#all - this.passes };
  }
}

export class Gauge {
  value = 0;
  #max = 0;

  set(value: number): void {
    this.value = value;
    if (value > this.#max) this.#max = value;
  }

  merge(other: Gauge): void {
    this.set(other.#max);
    this.value = other.value;
  }

  values(): Readonly<Record<string, number>> {
    return { value: this.value, max: this.#max };
  }
}

export type Sink = Counter | Rate | Gauge | Trend;

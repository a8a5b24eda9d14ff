/** Bounds the bytes of request bodies that the process holds at once, whoever sends them. */
import { AppError } from '../errors.ts';

/** Bodies up to this size may use the whole budget, larger ones leave them their share. */
const SMALL_BYTES = 64 * 1024;
const SHARE_OF_SMALL = 1 / 8;
/** Large bodies are read within seconds, and most calls end within that time. */
const RETRY_AFTER_MS = 2_000;

export class ByteBudget {
  readonly #capacity: number;
  #used = 0;

  /** @param capacity bytes; the memory behind it is several times as much, see `BODY_BUDGET_BYTES` */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Bytes that are held now. */
  get used(): number {
    return this.#used;
  }

  /** @returns the place of one body, which begins empty */
  open(): BodyPlace {
    return new BodyPlace(this);
  }

  /** Takes bytes for a body that then holds `total`. @throws {AppError} shed: there is no room */
  take(bytes: number, total: number): void {
    const limit = total > SMALL_BYTES ? this.#capacity * (1 - SHARE_OF_SMALL) : this.#capacity;
    if (this.#used + bytes > limit) throw full();
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}

/** The part of the budget that one body holds; disposing of it gives everything back. */
export class BodyPlace implements Disposable {
  readonly #budget: ByteBudget;
  #held = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** @throws {AppError} shed: there is no room */
  add(bytes: number): void {
    this.#budget.take(bytes, this.#held + bytes);
    this.#held += bytes;
  }

  /** Gives back all but so many bytes. */
  shrink(toBytes: number): void {
    const freed = Math.max(0, this.#held - toBytes);
    this.#budget.giveBack(freed);
    this.#held -= freed;
  }

  [Symbol.dispose](): void {
    this.shrink(0);
  }
}

function full(): AppError {
  const message = 'the service holds as many request bodies as it may';
  return new AppError('shed', message, { retryAfterMs: RETRY_AFTER_MS });
}

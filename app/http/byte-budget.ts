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
    let held = 0;
    const add = (bytes: number) => {
      const total = held + bytes;
      const limit = total > SMALL_BYTES ? this.#capacity * (1 - SHARE_OF_SMALL) : this.#capacity;
      if (this.#used + bytes > limit) throw full();
      this.#used += bytes;
      held = total;
    };
    const shrink = (toBytes: number) => {
      const freed = Math.max(0, held - toBytes);
      this.#used -= freed;
      held -= freed;
    };
    return { add, shrink, [Symbol.dispose]: () => shrink(0) };
  }
}

/** The part of the budget that one body holds; disposing of it gives everything back. */
export interface BodyPlace extends Disposable {
  /** @throws {AppError} shed: there is no room */
  add(bytes: number): void;
  /** Gives back all but so many bytes. */
  shrink(toBytes: number): void;
}

function full(): AppError {
  const message = 'the service holds as many request bodies as it may';
  return new AppError('shed', message, { retryAfterMs: RETRY_AFTER_MS });
}

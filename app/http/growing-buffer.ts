/** Collects chunks in one buffer, which is allocated as they arrive and not as they are announced. */

/** An announcement costs nothing, so no more than this is allocated for one. */
const MAX_FIRST_BYTES = 64 * 1024;

const EMPTY: Buffer = Buffer.alloc(0);

export class GrowingBuffer {
  readonly #announced: number;
  #bytes: Buffer = EMPTY;
  #length = 0;

  /** @param announced bytes that are expected in all; 0 where that is not known */
  constructor(announced: number) {
    this.#announced = announced;
  }

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    // Most bodies come in one chunk, which is not copied.
    if (this.#length === 0) this.#bytes = chunk;
    else this.#append(chunk);
    this.#length += chunk.length;
  }

  /** @returns all bytes, which are let go of; nothing may be added after that */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = EMPTY;
    return taken;
  }

  /** Doubling the room copies each byte about once; the last step goes to what was announced, no further. */
  #append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const doubled = Math.max(
        needed,
        2 * this.#bytes.length,
        Math.min(this.#announced, MAX_FIRST_BYTES),
      );
      const room = this.#announced >= needed ? Math.min(doubled, this.#announced) : doubled;
      const larger = Buffer.allocUnsafeSlow(room);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
  }
}

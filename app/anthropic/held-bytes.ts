/** Bytes that wait for the end of an event or a line, in one buffer: it may come in pieces of a byte. */

export class HeldBytes {
  #bytes = Buffer.alloc(0);
  /** How many are held. */
  length = 0;

  /** Copies the piece. Doubling the room copies each byte about once, however small the pieces are. */
  hold(piece: Uint8Array): void {
    const needed = this.length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.length);
    this.length = needed;
  }

  /** @returns all that is held, which belongs to the caller */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.length);
    this.#bytes = Buffer.alloc(0);
    this.length = 0;
    return taken;
  }
}

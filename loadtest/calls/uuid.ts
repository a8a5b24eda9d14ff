/** Makes correlation IDs from random bytes, because k6 has no `crypto.randomUUID`. */

/**
 * @param bytes 16 random bytes
 * @returns a version 4 UUID in lower case (RFC 9562, section 5.4)
 * @throws {RangeError} for any other number of bytes
 */
export function uuidFrom(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`a UUID needs 16 bytes, not ${bytes.length}`);
  const hex = Array.from(bytes, (byte, index) => {
    if (index === 6) return hexOf((byte & 0x0f) | 0x40);
    return hexOf(index === 8 ? (byte & 0x3f) | 0x80 : byte);
  }).join('');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...groups, hex.slice(20)].join('-');
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

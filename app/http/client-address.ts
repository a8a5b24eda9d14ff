/** The address that a connection comes from, as log lines have it. */
import type { Socket } from 'node:net';

const MAPPED_IPV4 = '::ffff:';

/**
 * @returns the peer's address, an IPv4 address in its own form; undefined once it has gone. Behind a gateway it
 *   is the gateway's: `x-forwarded-for` is whatever its sender likes.
 */
export function clientAddress({ remoteAddress }: Socket): string | undefined {
  if (remoteAddress?.startsWith(MAPPED_IPV4)) return remoteAddress.slice(MAPPED_IPV4.length);
  return remoteAddress;
}

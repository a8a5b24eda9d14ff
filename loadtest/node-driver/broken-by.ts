/** Says why a request broke off, from the error that the operating system or undici gives. */
import { type Broken, DRIVER_LIMITS, type DriverLimit } from '../calls/kinds.ts';

const BY_CODE: Readonly<Record<string, Broken>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  // What an answer to a closed connection shows to those who are still sending.
  EPIPE: 'connection_reset',
};

const LIMITS: readonly string[] = DRIVER_LIMITS;

/** @returns `driver_…` where the machine of the driver has run out of something: the service had no part in that */
export function brokenBy(error: Error): Broken {
  const code = codeOf(error);
  if (code === undefined) return 'network_error';
  if (LIMITS.includes(code)) return `driver_${code as DriverLimit}`;
  return BY_CODE[code] ?? 'network_error';
}

/** The code of the operating system; undici may wrap its error, and Node those of several addresses. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && !code.startsWith('UND_ERR')) return code;
  return codeOf(error.cause) ?? code;
}

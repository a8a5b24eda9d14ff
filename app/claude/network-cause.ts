/** Tells why the network failed, from the codes of Node, OpenSSL and undici. */
import type { NetworkCause } from '../telemetry/vocabulary.ts';

const CAUSES: Readonly<Record<string, NetworkCause>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_DESTROYED: 'reset',
  UND_ERR_CLOSED: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  EMFILE: 'local',
  ENFILE: 'local',
  ENOBUFS: 'local',
  ENOMEM: 'local',
  EADDRNOTAVAIL: 'local',
  EACCES: 'local',
  EPERM: 'local',
};

/** Families of codes: https://nodejs.org/api/errors.html, and verification errors of OpenSSL. */
const FAMILIES: readonly (readonly [RegExp, NetworkCause])[] = [
  [/^(?:EAI_|ENOTFOUND|ENODATA|ESERVFAIL|EREFUSED$)/, 'dns'],
  [
    /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/,
    'tls',
  ],
  [/^HPE_/, 'protocol'],
];

/** Errors wrap each other a few times at most. */
const MAX_DEPTH = 5;

interface Failure {
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** @returns `other` for an error of an unknown kind */
export function networkCauseOf(error: unknown): NetworkCause {
  return find(error, 0) ?? 'other';
}

/** The innermost error knows best; of several addresses that were tried the first one counts. */
function find(error: unknown, depth: number): NetworkCause | undefined {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return undefined;
  const { code, cause, errors } = error as Failure;
  const inner = Array.isArray(errors) ? errors[0] : cause;
  return find(inner, depth + 1) ?? (typeof code === 'string' ? causeOfCode(code) : undefined);
}

function causeOfCode(code: string): NetworkCause | undefined {
  if (Object.hasOwn(CAUSES, code)) return CAUSES[code];
  return FAMILIES.find(([pattern]) => pattern.test(code))?.[1];
}

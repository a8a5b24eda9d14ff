/** What a request says of its signature, read from its headers: well-formed, but nothing proven. */
import type { Request } from 'express';
import type { SignatureResult } from '../telemetry/vocabulary.ts';
import { KEY_ID, NONCE, SIGNATURE_HEADERS, type SignatureVersion } from './signature.ts';

export interface Claim {
  readonly version: SignatureVersion;
  readonly signature: Buffer;
  readonly timestamp: string;
  /** '' in `v1`. */
  readonly nonce: string;
  /** '' where none is named. */
  readonly keyId: string;
}

/** 15 digits reach to the year 33658 and stay exact numbers. */
const TIMESTAMP = /^[1-9]\d{0,14}$/;
/** `timingSafeEqual` needs 32 bytes; one spelling of a signature is enough. */
const SIGNATURE = /^[0-9a-f]{64}$/;

/** @returns the strongest accepted version that the request bears, or why there is none to check */
export function readClaim(
  { headers }: Request,
  versions: readonly SignatureVersion[],
): Claim | Extract<SignatureResult, 'missing' | 'unknown_version' | 'malformed'> {
  // A header that comes twice is joined by a comma, which no form here allows.
  const headerOf = (name: keyof typeof SIGNATURE_HEADERS) => {
    const value = headers[SIGNATURE_HEADERS[name]];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const borne = (['v2', 'v1'] as const).filter((version) => headerOf(version) !== undefined);
  if (borne.length === 0) return 'missing';
  const version = borne.find((version) => versions.includes(version));
  if (!version) return 'unknown_version';
  const signature = headerOf(version) ?? '';
  const timestamp = headerOf('timestamp');
  const nonce = version === 'v2' ? headerOf('nonce') : '';
  const keyId = version === 'v2' ? headerOf('keyId') : undefined;
  if (timestamp === undefined || nonce === undefined) return 'missing';
  const formed =
    SIGNATURE.test(signature) &&
    TIMESTAMP.test(timestamp) &&
    (version === 'v1' || NONCE.test(nonce)) &&
    (keyId === undefined || KEY_ID.test(keyId));
  if (!formed) return 'malformed';
  return {
    version,
    signature: Buffer.from(signature, 'hex'),
    timestamp,
    nonce,
    keyId: keyId ?? '',
  };
}

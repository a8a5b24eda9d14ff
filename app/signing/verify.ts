/** The receiving end of `sign`: accepts what a known secret has signed recently, and only once. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { NonceStore } from '../callers/nonces.ts';
import type { SignatureCheck, SignatureResult } from '../telemetry/vocabulary.ts';
import {
  canonicalV1,
  canonicalV2,
  KEY_ID,
  NONCE,
  SIGNATURE_HEADERS,
  SIGNATURE_VERSIONS,
  type SignatureVersion,
  type SigningSecret,
  signatureOf,
} from './signature.ts';

/** A request as the receiving end has read it. */
export interface ReceivedRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query as the request line has them. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** @returns the bytes that were sent; undefined where they are not known, so `v2` cannot be checked */
  readonly body: () => Uint8Array | undefined;
}

export interface VerifyOptions {
  /** The secrets valid now: two during a rotation. Without any, every request is refused. */
  readonly secrets: () => readonly SigningSecret[];
  /** Remembers the nonces of `v2`. */
  readonly nonces: NonceStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Default `SIGNATURE_VERSIONS`. Where `v1` is accepted too, an attacker can choose it, and it covers less. */
  readonly versions?: readonly SignatureVersion[];
  /** How far the signer's clock may be off, either way. Default `WINDOW_MS`. */
  readonly windowMs?: number;
}

/** Five minutes, as is usual for signed requests. */
export const WINDOW_MS = 300_000;

/** A check; `cause` tells why it was `unavailable`. */
export type VerifyResult = SignatureCheck & { readonly cause?: unknown };

/**
 * Checks the signature of a request. A valid `v2` request uses up its nonce; any other uses up nothing.
 * @throws when a secret is empty, or whatever `request.body` throws
 */
export async function checkSignature(
  request: ReceivedRequest,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const { secrets, nonces, now, versions = SIGNATURE_VERSIONS, windowMs = WINDOW_MS } = options;
  const parsed = parseSignature(request.headers, versions);
  if (typeof parsed === 'string') return { result: parsed };
  const canonical = canonicalOf(request, parsed);
  if (canonical === undefined) return { result: 'malformed' };
  const signer = signerOf(parsed, canonical, secrets());
  if (!signer) return { result: 'bad_signature' };
  // The time is checked last, so a forged timestamp neither gets a response of its own nor reaches the metric.
  const skewMs = now() - Number(parsed.timestamp);
  const isInWindow = Math.abs(skewMs) <= windowMs;
  if (!isInWindow) return { result: 'skewed', skewMs };
  if (parsed.version === 'v1') return { result: 'valid', skewMs };
  try {
    // The timestamp may be a window ahead, so the request stays acceptable for two windows.
    const replayed = await nonces.seen(`${signer.id} ${parsed.nonce}`, 2 * windowMs + 1);
    return replayed ? { result: 'replayed' } : { result: 'valid', skewMs };
  } catch (cause) {
    return { result: 'unavailable', cause };
  }
}

/** What the headers of a request say about its signature: well-formed, but not verified. */
interface ParsedSignature {
  readonly version: SignatureVersion;
  readonly signature: Buffer;
  readonly timestamp: string;
  /** '' in `v1`. */
  readonly nonce: string;
  /** '' where the request names no secret. */
  readonly keyId: string;
}

/** 15 digits reach the year 33658 and stay exact numbers. */
const TIMESTAMP = /^[1-9]\d{0,14}$/;
/** `timingSafeEqual` needs 32 bytes, and one spelling of a signature is enough. */
const SIGNATURE = /^[0-9a-f]{64}$/;

type Unparsed = Extract<SignatureResult, 'missing' | 'unknown_version' | 'malformed'>;

/** @returns the strongest accepted version that the request carries, or why there is none to check */
function parseSignature(
  headers: IncomingHttpHeaders,
  versions: readonly SignatureVersion[],
): ParsedSignature | Unparsed {
  const headerOf = (name: keyof typeof SIGNATURE_HEADERS) => {
    // A header that was sent twice is joined by a comma, which no form here allows.
    const value = headers[SIGNATURE_HEADERS[name]];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const carried = (['v2', 'v1'] as const).filter((version) => headerOf(version) !== undefined);
  if (carried.length === 0) return 'missing';
  const version = carried.find((version) => versions.includes(version));
  if (!version) return 'unknown_version';
  const signature = headerOf(version) ?? '';
  const timestamp = headerOf('timestamp');
  const nonce = version === 'v2' ? headerOf('nonce') : '';
  const keyId = version === 'v2' ? headerOf('keyId') : undefined;
  if (timestamp === undefined || nonce === undefined) return 'missing';
  const isWellFormed =
    SIGNATURE.test(signature) &&
    TIMESTAMP.test(timestamp) &&
    (version === 'v1' || NONCE.test(nonce)) &&
    (keyId === undefined || KEY_ID.test(keyId));
  if (!isWellFormed) return 'malformed';
  const bytes = Buffer.from(signature, 'hex');
  return { version, signature: bytes, timestamp, nonce, keyId: keyId ?? '' };
}

/** @returns what must have been signed; undefined where the path or body leaves that unknown */
function canonicalOf(
  { method, target, body }: ReceivedRequest,
  parsed: ParsedSignature,
): string | undefined {
  if (parsed.version === 'v2') {
    const bytes = body();
    return bytes && canonicalV2({ ...parsed, method, target, body: bytes });
  }
  // A digit at the front of the path could pass for the last one of the timestamp.
  return target.startsWith('/') ? canonicalV1(parsed.timestamp, target) : undefined;
}

/** Tries every secret, whichever the request names, so that the time taken does not show which one fits. */
function signerOf(
  { signature, keyId }: ParsedSignature,
  canonical: string,
  secrets: readonly SigningSecret[],
): SigningSecret | undefined {
  return secrets
    .filter(({ secret }) => timingSafeEqual(signatureOf(secret, canonical), signature))
    .find(({ id }) => keyId === '' || keyId === id);
}

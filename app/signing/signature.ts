/** Signatures of requests: what each version covers, and the headers in which it travels. */
import { createHash, createHmac } from 'node:crypto';

/** `v1` is the article's; `v2` covers what `v1` leaves open (docs/signing.md). */
export type SignatureVersion = 'v1' | 'v2';

/** The versions that are signed and accepted by default: `v1` is for an end that supports nothing else. */
export const SIGNATURE_VERSIONS: readonly SignatureVersion[] = ['v2'];

/** A header for each version, so that both can go out together and the article's stays as it is. */
export const SIGNATURE_HEADERS = {
  v1: 'x-signature',
  v2: 'x-signature-v2',
  /** Milliseconds since the epoch, decimal. */
  timestamp: 'x-timestamp',
  nonce: 'x-nonce',
  keyId: 'x-signature-key',
} as const;

/** A secret that both ends know. */
export interface SigningSecret {
  /** Its public name: `KEY_ID`. */
  readonly id: string;
  /** Not empty; the key is its UTF-8 bytes. */
  readonly secret: string;
}

/** The form of a secret's public name. */
export const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** The form of a nonce: a UUID, or hex or base64 of at least 12 random bytes. */
export const NONCE = /^[A-Za-z0-9._~+/=-]{16,128}$/;

/** What `v2` covers, each part exactly as it is in the request. */
export interface SignedRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query as the request line has them. */
  readonly target: string;
  readonly timestamp: string;
  readonly nonce: string;
  /** The bytes that are sent, before any transfer coding; text counts as UTF-8, no body as ''. */
  readonly body: string | Uint8Array;
  /** '' where the request names no secret. */
  readonly keyId: string;
}

/**
 * The article's form. No path begins with a digit, so the two parts cannot be divided differently.
 * @param url the article's `config.url`: path with query, as it was given to the pipeline
 */
export function canonicalV1(timestamp: string, url: string): string {
  return `${timestamp}${url}`;
}

/**
 * The canonical string of `v2`: always seven lines, the last without a line feed.
 * @throws when a part holds a line feed, because it could pass for two parts
 */
export function canonicalV2({ body, ...request }: SignedRequest): string {
  const { method, target, timestamp, nonce, keyId } = request;
  const digest = createHash('sha256').update(body).digest('hex');
  const lines = ['v2', method, target, timestamp, nonce, digest, keyId];
  if (lines.some((line) => line.includes('\n'))) throw new Error('a signed part has a line feed');
  return lines.join('\n');
}

/**
 * HMAC-SHA256, 32 bytes. One secret may serve both versions: a canonical string of `v1` begins with a
 * digit, one of `v2` with a letter.
 * @throws when the secret is empty, because everybody would know it
 */
export function signatureOf(secret: string, canonical: string): Buffer {
  if (secret === '') throw new Error('a signing secret is empty');
  return createHmac('sha256', secret).update(canonical).digest();
}

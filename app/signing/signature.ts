/** Signatures of requests: what each version covers, and under which headers it travels. */
import { createHash, createHmac } from 'node:crypto';

/** `v1` is the article's; `v2` covers what `v1` leaves open (docs/signing.md). */
export type SignatureVersion = 'v1' | 'v2';

/** A header for each version, so that both can go out together and the article's stays as it is. */
export const SIGNATURE_HEADERS = {
  v1: 'x-signature',
  v2: 'x-signature-v2',
  /** Milliseconds since the epoch, decimal. */
  timestamp: 'x-timestamp',
  nonce: 'x-nonce',
  keyId: 'x-signature-key',
} as const;

/** One that both ends know. */
export interface SigningSecret {
  /** Its public name: `KEY_ID`. */
  readonly id: string;
  /** Not empty; the key is its UTF-8 bytes. */
  readonly secret: string;
}

/** Names of secrets, as they may stand in a header. */
export const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** A UUID, hex or either base64 of 12 random bytes and more. */
export const NONCE = /^[A-Za-z0-9._~+/=-]{16,128}$/;

/** What `v2` covers, each part as it stands in the request. */
export interface SignedRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query of the request line, as they are sent. */
  readonly target: string;
  readonly timestamp: string;
  readonly nonce: string;
  /** The bytes that are sent, before any transfer coding; text is taken as UTF-8, none as ''. */
  readonly body: string | Uint8Array;
  /** '' where the request names none. */
  readonly keyId: string;
}

/**
 * The article's form. No URL begins with a digit, so the two parts cannot be cut in another place.
 * @param url the article's `config.url`: path with query, as it was given to the pipeline
 */
export function messageV1(timestamp: string, url: string): string {
  return `${timestamp}${url}`;
}

/**
 * The canonical string of `v2`: always seven lines, the last without a line feed.
 * @throws when a part holds a line feed: it could pass for two
 */
export function messageV2({ body, ...request }: SignedRequest): string {
  const { method, target, timestamp, nonce, keyId } = request;
  const digest = createHash('sha256').update(body).digest('hex');
  const lines = ['v2', method, target, timestamp, nonce, digest, keyId];
  if (lines.some((line) => line.includes('\n'))) throw new Error('a signed part has a line feed');
  return lines.join('\n');
}

/**
 * HMAC-SHA256, 32 bytes. A `v1` message begins with a digit, a `v2` message with a letter: one secret
 * may serve both.
 * @throws when the secret is empty: everybody would know it
 */
export function signatureOf(secret: string, message: string): Buffer {
  if (secret === '') throw new Error('a signing secret is empty');
  return createHmac('sha256', secret).update(message).digest();
}

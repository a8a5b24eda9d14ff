/** Middleware for the other end of `sign`: lets in what a known secret has signed, lately and once. */
import { timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { NonceStore } from '../callers/nonces.ts';
import { AppError } from '../errors.ts';
import { type Claim, readClaim } from '../signing/parse-signature.ts';
import {
  messageV1,
  messageV2,
  type SignatureVersion,
  type SigningSecret,
  signatureOf,
} from '../signing/signature.ts';
import type { SignatureCheck, SignatureResult } from '../telemetry/vocabulary.ts';

export interface VerifyOptions {
  /** Those valid now, asked for each request: two during a rotation. With none nobody comes in. */
  readonly secrets: () => readonly SigningSecret[];
  /** Remembers the nonces of `v2`. */
  readonly nonces: NonceStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Default `v2` alone. With `v1` beside it everybody can choose `v1`, which covers less. */
  readonly versions?: readonly SignatureVersion[];
  /** How far the caller's clock may be off, either way. Default 300,000. */
  readonly windowMs?: number;
  /** The part of the path that `v1` does not cover: the path of the caller's base URL. Default none. */
  readonly basePath?: string;
  /** Told once for each request; must not throw. */
  readonly onResult?: (check: SignatureCheck) => void;
}

/**
 * Must stand behind a parser that leaves the raw bytes in `request.body` (`readBytes`). A coded body
 * (`content-encoding`) is refused in `v2`: the parser has inflated it, so the signed bytes are gone.
 * @throws {AppError} (to `next`) unauthenticated; shed when the nonces cannot be kept; another error
 *   when a parser has made the body something else than bytes
 */
export function verifySignature(options: VerifyOptions): RequestHandler {
  const { secrets, nonces, now, versions = ['v2'], windowMs = 300_000, basePath = '' } = options;

  const check = async (request: Request): Promise<SignatureCheck & { cause?: unknown }> => {
    const claim = readClaim(request, versions);
    if (typeof claim === 'string') return { result: claim };
    const message = messageOf(request, claim, basePath);
    if (message === undefined) return { result: 'malformed' };
    const signer = signerOf(claim, message, secrets());
    if (!signer) return { result: 'bad_signature' };
    // Only now: a forged timestamp shall neither be answered as one nor reach the metric.
    const skewMs = now() - Number(claim.timestamp);
    const inWindow = Math.abs(skewMs) <= windowMs;
    if (!inWindow) return { result: 'skewed', skewMs };
    if (claim.version === 'v1') return { result: 'valid', skewMs };
    try {
      // A clock that runs ahead by a window is good for two.
      const replayed = await nonces.seen(`${signer.id} ${claim.nonce}`, 2 * windowMs + 1);
      return replayed ? { result: 'replayed' } : { result: 'valid', skewMs };
    } catch (cause) {
      return { result: 'unavailable', cause };
    }
  };
  return async (request, _response, next) => {
    const { cause, ...told } = await check(request);
    options.onResult?.(told);
    if (told.result === 'valid') next();
    else next(refusal(told.result, windowMs, cause));
  };
}

/** @returns what must have been signed; undefined where that cannot be told of path or body */
function messageOf(request: Request, claim: Claim, basePath: string): string | undefined {
  const { method, originalUrl: target } = request;
  if (claim.version === 'v1') {
    // What follows must begin with a slash: a digit there could pass for one of the timestamp.
    if (!target.startsWith(`${basePath}/`)) return undefined;
    return messageV1(claim.timestamp, target.slice(basePath.length));
  }
  const body = bodyOf(request);
  return body && messageV2({ ...claim, method, target, body });
}

function bodyOf({ body, headers }: Request): Buffer | undefined {
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? '')) return undefined;
  if (Buffer.isBuffer(body)) return body;
  if (body !== undefined) throw new Error('verifySignature stands behind a parser of another kind');
  // No parser reads the body of a GET, so nobody has seen what it bears.
  const announced = headers['transfer-encoding'] ?? headers['content-length'] ?? '0';
  return announced === '0' ? Buffer.alloc(0) : undefined;
}

/** Every secret is tried, whatever the request names: the time tells nothing about which one fits. */
function signerOf(
  { signature, keyId }: Claim,
  message: string,
  secrets: readonly SigningSecret[],
): SigningSecret | undefined {
  return secrets
    .filter(({ secret }) => timingSafeEqual(signatureOf(secret, message), signature))
    .find(({ id }) => keyId === '' || keyId === id);
}

/** One message for all that is wrong: it shall not say how near a forgery came. */
function refusal(result: SignatureResult, windowMs: number, cause: unknown): AppError {
  if (result === 'unavailable') {
    return new AppError('signature_unverifiable', 'signatures cannot be checked now', {
      retryAfterMs: 1_000,
      cause,
    });
  }
  if (result === 'skewed') {
    const limit = `${windowMs / 1_000} s`;
    return new AppError('unauthenticated', `the request's clock is off by more than ${limit}`);
  }
  return new AppError('unauthenticated', 'the request is not signed as it must be');
}

/** The checks that every call passes before its route answers: stop, host, authentication, target, quotas, signatures. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { Callers } from '../callers/callers.ts';
import type { NonceStore } from '../callers/nonces.ts';
import type { Quotas } from '../callers/quotas.ts';
import { AppError } from '../errors.ts';
import type { SigningSecret } from '../signing/signature.ts';
import { checkSignature, type VerifyOptions, WINDOW_MS } from '../signing/verify.ts';
import type { RefusedRequest, SignatureCheck, SignatureResult } from '../telemetry/vocabulary.ts';
import { localsOf } from './context.ts';
import { createHostCheck } from './hosts.ts';
import { type Lifecycle, shuttingDown } from './lifecycle.ts';
import { asMiddleware, type Step } from './step.ts';

/** Returns where the request may go on, and throws an AppError where it may not. */
export type Check = (request: Request, response: Response) => void;

/** Once the calls in progress were cut, no new ones begin. @throws {AppError} draining */
export function refuseWhenCut(lifecycle: Lifecycle): Check {
  return () => {
    if (lifecycle.isCut) throw shuttingDown();
  };
}

export interface CheckHostDeps {
  readonly callers: Callers;
  /** Hosts besides loopback that are served where anybody may call; `*` is every host. */
  readonly allowedHosts: readonly string[];
  readonly onRefused: (reason: RefusedRequest) => void;
}

/**
 * Where anybody may call, serves only requests for a host of ours. Callers with tokens may use any name,
 * because a page of a stranger has no token.
 * @throws {AppError} invalid_request, forbidden
 */
export function checkHost({ callers, allowedHosts, onRefused }: CheckHostDeps): Check {
  const check = createHostCheck({ allowed: callers.open ? allowedHosts : ['*'] });
  return (request) => {
    const verdict = check(request);
    if (verdict === 'served') return;
    onRefused(verdict === 'foreign' ? 'foreign_host' : 'malformed');
    if (verdict === 'foreign') {
      throw new AppError('forbidden', 'this host is not served here; see ALLOWED_HOSTS');
    }
    throw new AppError('invalid_request', 'exactly one valid Host header is required');
  };
}

/**
 * A target is a path, or the URL of one (RFC 9112, 3.2).
 * @throws {AppError} invalid_request
 */
export function checkTarget(onRefused: CheckHostDeps['onRefused']): Check {
  return ({ url }) => {
    if (url.startsWith('/')) return;
    if (/^https?:/i.test(url) && URL.canParse(url)) return;
    onRefused('bad_target');
    throw new AppError('invalid_request', 'the request target is neither a path nor a URL');
  };
}

/**
 * Where anybody may call, any page that a developer opens could spend their key: browsers send simple
 * requests without asking, and state their origin. https://fetch.spec.whatwg.org/#origin-header
 */
function isForeignPage({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

export interface AuthenticateDeps {
  readonly callers: Callers;
  /** Called for every request without a valid caller token. */
  readonly onUnauthenticated: () => void;
}

/** Sets the request's caller. @throws {AppError} unauthenticated, forbidden */
export function authenticate({ callers, onUnauthenticated }: AuthenticateDeps): Check {
  return (request, response) => {
    const caller = callers.find(request.headers);
    if (!caller) {
      onUnauthenticated();
      throw new AppError('unauthenticated', 'invalid x-api-key or bearer token');
    }
    if (callers.open && isForeignPage(request.headers)) {
      throw new AppError('forbidden', 'requests from pages of other origins are not allowed');
    }
    const locals = localsOf(response);
    locals.caller = caller;
    locals.isAuthenticated = true;
  };
}

/**
 * Refuses a caller whose quota is used up, before anything is read or kept for them; the call itself takes
 * its part of the quota.
 * @throws {AppError} quota_exceeded
 */
export function checkQuota(quotas: Quotas): Step {
  return (_request, response) => {
    const { caller } = localsOf(response);
    return quotas.isUnlimited(caller) ? undefined : quotas.check(caller);
  };
}

export interface VerifyCallersDeps extends Pick<VerifyOptions, 'now'> {
  /** The valid signing secrets of each caller that must sign; other callers need not sign. */
  readonly secrets: ReadonlyMap<string, () => readonly SigningSecret[]>;
  /** Makes a store for each caller, so that a caller who fills theirs locks out nobody else. */
  readonly nonces: () => NonceStore;
  /** Called once for each request that is checked; must not throw. */
  readonly onResult: (check: SignatureCheck) => void;
}

/** Checks the requests of callers that must sign, each with their own secrets; errors as below. */
export function verifyCallers(deps: VerifyCallersDeps): Step {
  const { secrets, nonces, ...rest } = deps;
  const verifiers = new Map(
    [...secrets].map(([name, valid]) => {
      const store = nonces();
      const seen: NonceStore['seen'] = (nonce, ttlMs) => store.seen(`${name} ${nonce}`, ttlMs);
      return [name, createVerifier({ ...rest, secrets: valid, nonces: { seen } })];
    }),
  );
  return (request, response) => verifiers.get(localsOf(response).caller.name)?.(request, response);
}

interface VerifierOptions extends VerifyOptions {
  readonly onResult?: (check: SignatureCheck) => void;
}

/**
 * Middleware of Express that lets in what a known secret has signed recently, once. It needs the raw bytes in `request.body`, so it
 * must come after `readBody`.
 * @throws {AppError} (to `next`) unauthenticated; signature_unverifiable when the nonces cannot be kept;
 *   another error when a parser has turned the body into something other than bytes
 */
export function verifySignature(options: VerifierOptions): RequestHandler {
  return asMiddleware(createVerifier(options));
}

function createVerifier({ onResult, ...options }: VerifierOptions): Step {
  return async (request) => {
    const { method, originalUrl: target, headers } = request;
    const received = { method, target, headers, body: () => signedBytes(request) };
    const { cause, ...check } = await checkSignature(received, options);
    onResult?.(check);
    if (check.result !== 'valid') throw refusal(check.result, options.windowMs ?? WINDOW_MS, cause);
  };
}

/** @returns undefined where the bytes that were signed are not known */
function signedBytes({ body, headers }: Request): Uint8Array | undefined {
  // The parser has decompressed the body, so the bytes that were signed are gone.
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? '')) return undefined;
  if (Buffer.isBuffer(body)) return body;
  if (body !== undefined) throw new Error('verifySignature must come after readBody');
  // No parser reads the body of a GET, so nobody knows what it holds.
  const announced = headers['transfer-encoding'] ?? headers['content-length'] ?? '0';
  return announced === '0' ? Buffer.alloc(0) : undefined;
}

/** One message for every fault, so that it does not show how close a forgery came. */
function refusal(result: SignatureResult, windowMs: number, cause: unknown): AppError {
  if (result === 'unavailable') {
    const message = 'signatures cannot be checked at the moment';
    return new AppError('signature_unverifiable', message, { retryAfterMs: 1_000, cause });
  }
  if (result === 'skewed') {
    const limit = `${windowMs / 1_000} s`;
    return new AppError('unauthenticated', `the request's timestamp is off by more than ${limit}`);
  }
  return new AppError('unauthenticated', 'the request has no valid signature');
}

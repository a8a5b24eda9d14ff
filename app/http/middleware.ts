/** Express middleware that runs before the routes: drain, authentication, quotas, signatures. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler } from 'express';
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

/** While the process drains, calls in flight continue and no new ones begin. */
export function refuseWhenDraining(lifecycle: Lifecycle): RequestHandler {
  return (_request, response, next) => {
    if (!lifecycle.isDraining) return next();
    response.setHeader('connection', 'close');
    next(shuttingDown());
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
 * @throws {AppError} (to `next`) invalid_request, forbidden
 */
export function checkHost({ callers, allowedHosts, onRefused }: CheckHostDeps): RequestHandler {
  const check = createHostCheck({ allowed: callers.open ? allowedHosts : ['*'] });
  return (request, _response, next) => {
    const verdict = check(request);
    if (verdict === 'served') return next();
    onRefused(verdict === 'foreign' ? 'foreign_host' : 'malformed');
    next(
      verdict === 'foreign'
        ? new AppError('forbidden', 'this host is not served here; see ALLOWED_HOSTS')
        : new AppError('invalid_request', 'exactly one valid Host header is required'),
    );
  };
}

/**
 * A target is a path, or the URL of one (RFC 9112, 3.2).
 * @throws {AppError} (to `next`) invalid_request
 */
export function checkTarget(onRefused: CheckHostDeps['onRefused']): RequestHandler {
  return ({ url }, _response, next) => {
    if (url.startsWith('/')) return next();
    if (/^https?:/i.test(url) && URL.canParse(url)) return next();
    onRefused('bad_target');
    next(new AppError('invalid_request', 'the request target is neither a path nor a URL'));
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

/** Sets the request's caller. @throws {AppError} (to `next`) unauthenticated, forbidden */
export function authenticate({ callers, onUnauthenticated }: AuthenticateDeps): RequestHandler {
  return (request, response, next) => {
    const caller = callers.find(request.headers);
    if (!caller) {
      onUnauthenticated();
      return next(new AppError('unauthenticated', 'invalid x-api-key or bearer token'));
    }
    if (callers.open && isForeignPage(request.headers)) {
      return next(
        new AppError('forbidden', 'requests from pages of other origins are not allowed'),
      );
    }
    Object.assign(localsOf(response), { caller, isAuthenticated: true });
    next();
  };
}

/**
 * Refuses a caller whose quota is used up, before anything is read or kept for them; the call itself takes
 * its part of the quota.
 * @throws {AppError} (to `next`) quota_exceeded
 */
export function checkQuota(quotas: Quotas): RequestHandler {
  return async (_request, response, next) => {
    await quotas.check(localsOf(response).caller);
    next();
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
export function verifyCallers(deps: VerifyCallersDeps): RequestHandler {
  const { secrets, nonces, ...rest } = deps;
  const verifiers = new Map(
    [...secrets].map(([name, valid]) => {
      const store = nonces();
      const seen: NonceStore['seen'] = (nonce, ttlMs) => store.seen(`${name} ${nonce}`, ttlMs);
      return [name, verifySignature({ ...rest, secrets: valid, nonces: { seen } })];
    }),
  );
  return (request, response, next) => {
    const verify = verifiers.get(localsOf(response).caller.name);
    return verify ? verify(request, response, next) : next();
  };
}

/**
 * Lets in what a known secret has signed recently, once. It needs the raw bytes in `request.body`, so it
 * must come after `readBody`.
 * @throws {AppError} (to `next`) unauthenticated; signature_unverifiable when the nonces cannot be kept;
 *   another error when a parser has turned the body into something other than bytes
 */
export function verifySignature({
  onResult,
  ...options
}: VerifyOptions & { readonly onResult?: (check: SignatureCheck) => void }): RequestHandler {
  return async (request, _response, next) => {
    const { method, originalUrl: target, headers } = request;
    const received = { method, target, headers, body: () => signedBytes(request) };
    const { cause, ...check } = await checkSignature(received, options);
    onResult?.(check);
    if (check.result === 'valid') next();
    else next(refusal(check.result, options.windowMs ?? WINDOW_MS, cause));
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

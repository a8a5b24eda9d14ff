/** Lets known callers in, and says nothing to others of what was wrong. */
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import type { Callers } from '../callers/callers.ts';
import { AppError } from '../errors.ts';
import { localsOf } from './context.ts';

/**
 * Where anybody may call, any page that a developer opens could spend his key: browsers send simple requests
 * without asking, and say whose they are. https://fetch.spec.whatwg.org/#origin-header
 */
function isForeignPage({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** Sets the request's caller. @throws {AppError} unauthenticated, forbidden */
export function authenticateCaller({
  callers,
  onUnauthenticated,
}: {
  readonly callers: Callers;
  readonly onUnauthenticated: () => void;
}): RequestHandler {
  return (request, response, next) => {
    const caller = callers.find(request.headers);
    if (!caller) {
      onUnauthenticated();
      return next(new AppError('unauthenticated', 'invalid x-api-key or bearer token'));
    }
    if (callers.open && isForeignPage(request.headers)) {
      return next(new AppError('forbidden', 'pages of other origins may not call'));
    }
    localsOf(response).caller = caller;
    next();
  };
}

/** Lets known callers in, and says nothing to others of what was wrong. */
import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import type { Callers } from './callers.ts';
import { localsOf } from './context.ts';

/** Sets the request's caller. @throws {AppError} unauthenticated */
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
    localsOf(response).caller = caller;
    next();
  };
}

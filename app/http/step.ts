/** A step is one thing that the service does with a request: it checks it, reads its body, or answers it. */
import type { Request, RequestHandler, Response } from 'express';

/** Returns, or resolves, when the request may go on or is answered; throws an AppError where it may not. */
export type Step = (request: Request, response: Response) => void | Promise<void>;

/** @returns the step as middleware of Express */
export function asMiddleware(step: Step): RequestHandler {
  return async (request, response, next) => {
    await step(request, response);
    next();
  };
}

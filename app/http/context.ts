/** What every request gets first: its arrival time, its correlation, a signal of its caller. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { ANYBODY, type Caller } from '../callers/callers.ts';
import { CORRELATION_HEADER, correlationOf, withCorrelation } from '../telemetry/correlation.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Kept in `response.locals`. */
export interface RequestLocals {
  /** `performance.now()` milliseconds. */
  receivedAtMs: number;
  /** Aborted as soon as the caller goes away. */
  signal: AbortSignal;
  correlationId: string;
  /** Anybody until he has been authenticated. */
  caller: Caller;
  /** What the call has used so far, once there is one. */
  tokens?: () => number;
}

export function localsOf(response: Response): RequestLocals {
  return response.locals as RequestLocals;
}

/** The caller has gone when the connection closes before the answer has ended. */
function callerSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

export interface ContextDeps {
  readonly logger: Logger;
  /** Told of each ID that could not be kept. */
  readonly onReplacedId: () => void;
}

/** Must stand first: everything below runs inside the request's correlation. */
export function requestContext({ logger, onReplacedId }: ContextDeps): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    withCorrelation(request.headers, () => {
      const { id, replaced } = correlationOf();
      const locals: RequestLocals = {
        receivedAtMs: performance.now(),
        signal: callerSignal(response),
        correlationId: id,
        caller: ANYBODY,
      };
      Object.assign(response.locals, locals);
      response.setHeader(CORRELATION_HEADER, id);
      if (replaced) {
        onReplacedId();
        // Not the value: it is hostile or of no use.
        logger.warn('the correlation ID could not be kept and was replaced');
      }
      next();
    });
  };
}

/** One line a request, when its answer has ended or its caller has gone. */
export function accessLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    response.once('close', () => {
      const { receivedAtMs } = localsOf(response);
      logger.info(
        {
          method: request.method,
          route: request.route?.path ?? 'none',
          status: response.writableFinished ? response.statusCode : 499,
          duration_ms: Math.round((performance.now() - receivedAtMs) * 1000) / 1000,
        },
        'request',
      );
    });
    next();
  };
}

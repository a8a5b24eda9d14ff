/** What every request gets first: its time of arrival, its correlation and a signal that its caller has gone. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { anybody, type Caller } from '../callers/callers.ts';
import { CORRELATION_HEADER, correlationOf, withCorrelation } from '../telemetry/correlation.ts';
import { setHttpRoute } from '../telemetry/http-route.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CallInfo } from '../telemetry/recorder.ts';
import type { Operation } from '../telemetry/vocabulary.ts';
import type { BodyPlace } from './byte-budget.ts';
import { clientAddress } from './client-address.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Kept in `response.locals`. */
export interface RequestLocals {
  /** `performance.now()` milliseconds. */
  receivedAtMs: number;
  /** How long its body took to arrive: the caller's time and not ours. */
  uploadMs: number;
  /** Aborted as soon as the caller goes away, and by a stop that cannot wait: then with an AppError. */
  signal: AbortSignal;
  correlationId: string;
  /** Anybody until the caller is authenticated. */
  caller: Caller;
  /** Whether the caller is known, if only as anybody. */
  isAuthenticated: boolean;
  /** What a call of the route is counted as; undefined for unknown paths. */
  operation: Operation | undefined;
  /** The path of the route as the table has it, `none` for any other path. */
  route: string;
  /** The request has become a call, so the stages record how it ends. */
  isCall: boolean;
  /** The part of the byte budget that the request's body holds. */
  body?: BodyPlace;
  /** What the request asks of the API, as soon as its body was read. */
  asked?: Pick<CallInfo, 'model' | 'stream' | 'facts'>;
}

export function localsOf(response: Response): RequestLocals {
  return response.locals as RequestLocals;
}

/** The caller has gone away when the connection closes before the response has ended. */
function callerSignal(response: Response, lifecycle: Lifecycle): AbortSignal {
  const controller = new AbortController();
  const forget = lifecycle.track(controller);
  response.once('close', () => {
    forget();
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

export interface ContextDeps {
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  /** Called for each correlation ID that could not be kept. */
  readonly onReplacedId: () => void;
}

/** Must come first, so that everything else runs inside the request's correlation. */
export function requestContext({ logger, lifecycle, onReplacedId }: ContextDeps): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    withCorrelation(request.headers, () => {
      const { id, replaced } = correlationOf();
      const locals: RequestLocals = {
        receivedAtMs: performance.now(),
        uploadMs: 0,
        signal: callerSignal(response, lifecycle),
        correlationId: id,
        caller: anybody,
        isAuthenticated: false,
        operation: undefined,
        route: 'none',
        isCall: false,
      };
      Object.assign(response.locals, locals);
      response.setHeader(CORRELATION_HEADER, id);
      // What callers wrote comes back in errors: no browser may take it for a page.
      response.setHeader('x-content-type-options', 'nosniff');
      if (replaced) {
        onReplacedId();
        // The value is hostile or useless, so it is not logged.
        logger.warn('the correlation ID was invalid and has been replaced');
      }
      next();
    });
  };
}

/**
 * Finds the request's route before Express does, so that a request that is refused on its way there is
 * recorded under its operation, and has its route in metrics, on its span and in its log line.
 * @param routes paths as Express takes them, of literal segments and `:parameters`
 */
export function identifyRoute(
  routes: readonly { readonly path: string; readonly operation: Operation | undefined }[],
): RequestHandler {
  const known = routes.map(({ path, operation }) => ({
    route: path,
    operation,
    pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}/?$`, 'i'),
  }));
  return (request, response, next) => {
    const found = known.find(({ pattern }) => pattern.test(request.path));
    if (found) {
      const locals = localsOf(response);
      locals.route = found.route;
      locals.operation = found.operation;
      setHttpRoute(found.route);
    }
    next();
  };
}

/**
 * Logs one line for each request, when its response has ended or its caller has gone away. A request that
 * is refused before its caller is known has no `caller`.
 */
export function accessLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const client_address = clientAddress(request.socket);
    response.once('close', () => {
      const { receivedAtMs, route, caller, isAuthenticated } = localsOf(response);
      logger.plain(
        {
          method: request.method,
          route,
          status: response.writableFinished ? response.statusCode : 499,
          caller: isAuthenticated ? caller.name : undefined,
          client_address,
          duration_ms: Math.round((performance.now() - receivedAtMs) * 1000) / 1000,
        },
        'request',
      );
    });
    next();
  };
}

/** What every request gets first: its time of arrival, its correlation and a signal that its caller has gone. */
import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { anybody, type Caller } from '../callers/callers.ts';
import { type AppError, errorOfAbort } from '../errors.ts';
import {
  activeContext,
  CORRELATION_HEADER,
  correlationOf,
  withCorrelation,
} from '../telemetry/correlation.ts';
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
  body: BodyPlace | undefined;
  /** What the request asks of the API, as soon as its body was read. */
  asked: Pick<CallInfo, 'model' | 'stream' | 'facts'> | undefined;
  /** Disposed of when the response has ended or the caller has gone away: one listener for all. */
  readonly held: Disposable[];
}

interface OwnLocals extends RequestLocals {
  readonly controller: AbortController;
  readonly lifecycle: Lifecycle;
}

export function localsOf(response: Response): RequestLocals {
  return response.locals as RequestLocals;
}

/** The headers that every answer has. */
export function ownHeaders(response: Response): Record<string, string> {
  return {
    [CORRELATION_HEADER]: localsOf(response).correlationId,
    // Errors repeat what callers wrote, and no browser may take that for a page.
    'x-content-type-options': 'nosniff',
  };
}

/** Sets them on an answer whose head Express writes. */
export function setOwnHeaders(response: Response): void {
  for (const [name, value] of Object.entries(ownHeaders(response))) response.setHeader(name, value);
}

/**
 * Ends the work of a request, so that its route answers with the error; a response that has begun ends as it can.
 * @returns the correlation ID of the request; undefined where none of our routes answers it
 */
export function abortRequest(response: ServerResponse, error: AppError): string | undefined {
  const { locals } = response as Partial<Pick<Response, 'locals'>>;
  const { controller, correlationId } = (locals ?? {}) as Partial<OwnLocals>;
  controller?.abort(error);
  return controller && correlationId;
}

/** Ends what belongs to the request. Its caller has gone away when that is before the response has ended. */
function onClose(this: Response): void {
  const { controller, lifecycle, held } = this.locals as OwnLocals;
  lifecycle.forget(controller);
  if (!this.writableFinished) controller.abort();
  for (const one of held) one[Symbol.dispose]();
}

export interface ContextDeps {
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  /** Called for each correlation ID that could not be kept. */
  readonly onReplacedId: () => void;
}

/** Runs everything else of a request inside its correlation. */
export type InContext = <T>(request: Request, response: Response, work: () => T) => T;

export function createContext({ logger, lifecycle, onReplacedId }: ContextDeps): InContext {
  return (request, response, work) =>
    withCorrelation(request.headers, () => {
      const { id, replaced } = correlationOf();
      const controller = new AbortController();
      const locals: OwnLocals = {
        controller,
        lifecycle,
        held: [],
        receivedAtMs: performance.now(),
        uploadMs: 0,
        signal: controller.signal,
        correlationId: id,
        caller: anybody,
        isAuthenticated: false,
        operation: undefined,
        route: 'none',
        isCall: false,
        body: undefined,
        asked: undefined,
      };
      response.locals = locals as OwnLocals & Response['locals'];
      lifecycle.track(controller);
      response.on('close', onClose);
      if (replaced) {
        onReplacedId();
        // The value is hostile or useless, so it is not logged.
        logger.warn('the correlation ID was invalid and has been replaced');
      }
      return work();
    });
}

/** The same as middleware of Express, which must come first. */
export function requestContext(deps: ContextDeps): RequestHandler {
  const inContext = createContext(deps);
  return (request, response, next) => inContext(request, response, next);
}

/** Tells metrics, the request's span and its log line which route it asks for, before anything refuses it. */
export function identify(
  response: Response,
  route: string,
  operation: Operation | undefined,
): void {
  const locals = localsOf(response);
  locals.route = route;
  locals.operation = operation;
  setHttpRoute(route);
}

/** nginx's status of a request whose caller has gone away. */
export const CLIENT_CLOSED_REQUEST = 499;

/** Whether the caller has gone away before the response has ended. */
function hasLeft(response: Response): boolean {
  if (!response.writableFinished) return true;
  const { signal } = localsOf(response);
  return signal.aborted && errorOfAbort(signal).code === 'client_cancelled';
}

/**
 * Logs one line for each request, when its response has ended or its caller has gone away. A request that
 * is refused before its caller is known has no `caller`.
 */
export function accessLog(logger: Logger): (request: Request, response: Response) => void {
  return (request, response) => {
    const client_address = clientAddress(request.socket);
    // Nothing binds the events of a health check, which is observed by nobody, to its context.
    const ctx = activeContext();
    response.once('close', () => {
      const { receivedAtMs, route, caller, isAuthenticated } = localsOf(response);
      const status = hasLeft(response) ? CLIENT_CLOSED_REQUEST : response.statusCode;
      logger.plain(
        {
          method: request.method,
          route,
          status,
          caller: isAuthenticated ? caller.name : undefined,
          client_address,
          duration_ms: Math.round((performance.now() - receivedAtMs) * 1000) / 1000,
        },
        'request',
        ctx,
      );
    });
  };
}

/** Turns every error into a response in Anthropic's shape that carries the correlation ID. */
import type { ErrorRequestHandler, Response } from 'express';
import { AppError, errorBody, toAppError } from '../errors.ts';
import { errorTraits } from '../outcome.ts';
import type { Redactor } from '../privacy/redactor.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import { attributionOf } from './attribution.ts';
import { recordRejection } from './call.ts';
import { localsOf, setOwnHeaders } from './context.ts';
import { versionOf } from './headers.ts';

/** Answers a request for a path that exists, but not for this method. */
export function refuseMethod(response: Response, allowed: string, redactor: Redactor): void {
  const { correlationId } = localsOf(response);
  const error = new AppError('invalid_request', `Method Not Allowed; this path accepts ${allowed}`);
  setOwnHeaders(response);
  response.setHeader('allow', allowed);
  response.setHeader('request-id', correlationId);
  response.status(405).json(errorBody(error, correlationId, redactor.text));
}

/**
 * Records the requests that were refused before they became a call, and those that waited for a slot until
 * their caller left; calls are recorded by stages. Who leaves before the body was read has asked for nothing.
 */
export function recordRejections(recorder: Recorder): ErrorRequestHandler {
  return (thrown, request, response, next) => {
    const { operation, asked, isCall, ...locals } = localsOf(response);
    const error = toAppError(thrown);
    const isRefusal = !isCall && (errorTraits(error.code).refused || asked);
    if (operation && isRefusal) {
      const { headers } = request;
      const told = { version: versionOf(headers), attribution: attributionOf(headers) };
      const context = { ...locals, ...told };
      recordRejection(recorder, error, { operation, ...asked }, context);
    }
    next(error);
  };
}

/** Only our own faults are logged with their stack; other errors are in metrics and the calls' log lines. */
export function errorHandler(logger: Logger, redactor: Redactor): ErrorRequestHandler {
  return (thrown, _request, response, _next) => {
    const error = toAppError(thrown);
    if (error.code === 'internal_error')
      logger.error({ err: error.cause ?? error }, 'unexpected error');
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const { correlationId } = localsOf(response);
    setOwnHeaders(response);
    response.setHeader('request-id', correlationId);
    // The pipeline has retried it as often as it may, or its time was up.
    if (error.retryable || errorTraits(error.code).outOfTime)
      response.setHeader('x-should-retry', 'false');
    if (error.retryAfterMs !== undefined) {
      response.setHeader('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
    }
    response.status(error.status).json(errorBody(error, correlationId, redactor.text));
  };
}

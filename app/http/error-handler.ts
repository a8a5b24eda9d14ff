/** Whatever goes wrong, as an answer in Anthropic's shape with the correlation ID in it. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { AppError, errorBody, outcomeOfError, toAppError } from '../errors.ts';
import { errorTraits } from '../outcome.ts';
import type { Redactor } from '../privacy/redactor.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import type { Operation } from '../telemetry/vocabulary.ts';
import { localsOf } from './context.ts';

/** No route has that path. */
export const notFound: RequestHandler = (_request, _response, next) => {
  next(new AppError('not_found', 'Not Found'));
};

/** The path is one of ours, the method is not. */
export function methodNotAllowed(allowed: string, redactor: Redactor): RequestHandler {
  return (_request, response) => {
    const { correlationId } = localsOf(response);
    const error = new AppError('invalid_request', `Method Not Allowed; this path takes ${allowed}`);
    response.setHeader('allow', allowed);
    response.setHeader('request-id', correlationId);
    response.status(405).json(errorBody(error, correlationId, redactor.text));
  };
}

function operationOf(path: string): Operation {
  if (path.startsWith('/v1/models')) return 'models';
  return path.endsWith('/count_tokens') ? 'count_tokens' : 'chat';
}

/** Counts the calls that were refused before they became one. */
export function countRefused(recorder: Recorder): ErrorRequestHandler {
  return (thrown, request, response, next) => {
    if (thrown instanceof AppError && errorTraits(thrown.code).refused) {
      const operation = operationOf(request.path);
      const { receivedAtMs, caller } = localsOf(response);
      const who = { caller: caller.name, receivedAtMs };
      const info = { operation, model: '', stream: false, ...who } as const;
      recorder.recordRejection(info, outcomeOfError(thrown));
    }
    next(thrown);
  };
}

/** Express throws a URIError for a path parameter that it cannot decode. */
function badPath(cause: URIError): AppError {
  return new AppError('invalid_request', 'the path is not valid percent-encoded UTF-8', { cause });
}

/** Only what is a mistake of ours is logged with its stack; the rest is in metrics and call lines. */
export function errorHandler(logger: Logger, redactor: Redactor): ErrorRequestHandler {
  return (thrown, _request, response, _next) => {
    const error = thrown instanceof URIError ? badPath(thrown) : toAppError(thrown);
    if (error.code === 'internal_error') logger.error({ err: error.cause ?? error }, 'unexpected');
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const { correlationId } = localsOf(response);
    response.setHeader('request-id', correlationId);
    // Through the pipeline, which has retried it as often as it may, or its time was up.
    if (error.retryable || errorTraits(error.code).outOfTime)
      response.setHeader('x-should-retry', 'false');
    if (error.retryAfterMs !== undefined) {
      response.setHeader('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
    }
    response.status(error.status).json(errorBody(error, correlationId, redactor.text));
  };
}

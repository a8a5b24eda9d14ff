/** Whatever goes wrong, as an answer in Anthropic's shape with the correlation ID in it. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { ClaudeClient } from '../claude/client.ts';
import { AppError, type ErrorCode, errorBody, toAppError } from '../errors.ts';
import { outcomeOfError } from '../pipeline/outcome.ts';
import type { Logger } from '../telemetry/logger.ts';
import { localsOf } from './context.ts';

/** No route has that path. */
export const notFound: RequestHandler = (_request, _response, next) => {
  next(new AppError('not_found', 'Not Found'));
};

/** The path is one of ours, the method is not. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (_request, response) => {
    const { correlationId } = localsOf(response);
    const error = new AppError('invalid_request', `Method Not Allowed; this path takes ${allowed}`);
    response.setHeader('allow', allowed);
    response.setHeader('request-id', correlationId);
    response.status(405).json(errorBody(error, correlationId));
  };
}

/** Codes of what we refuse ourselves; everything else was counted by the pipeline. */
export const REFUSED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_request',
  'unauthenticated',
  'request_too_large',
  'draining',
  'shed',
  'caller_limited',
  'forbidden',
]);

function operationOf(path: string): 'chat' | 'count_tokens' | 'models' {
  if (path.startsWith('/v1/models')) return 'models';
  return path.endsWith('/count_tokens') ? 'count_tokens' : 'chat';
}

/** Counts the calls that were refused before they became one. */
export function countRefused(client: ClaudeClient): ErrorRequestHandler {
  return (thrown, request, response, next) => {
    if (thrown instanceof AppError && REFUSED.has(thrown.code)) {
      const operation = operationOf(request.path);
      const { receivedAtMs, caller } = localsOf(response);
      const who = { caller: caller.name, receivedAtMs };
      const info = { operation, model: '', stream: false, ...who } as const;
      client.reject(info, outcomeOfError(thrown));
    }
    next(thrown);
  };
}

const OUT_OF_TIME: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['timeout', 'caller_deadline']);

/** Express throws a URIError for a path parameter that it cannot decode. */
function badPath(cause: URIError): AppError {
  return new AppError('invalid_request', 'the path is not valid percent-encoded UTF-8', { cause });
}

/** Only what is a mistake of ours is logged with its stack; the rest is in metrics and call lines. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
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
    if (error.retryable || OUT_OF_TIME.has(error.code))
      response.setHeader('x-should-retry', 'false');
    if (error.retryAfterMs !== undefined) {
      response.setHeader('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
    }
    response.status(error.status).json(errorBody(error, correlationId));
  };
}

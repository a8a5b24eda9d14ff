/** The Express app: its middleware and routes in order. No listen, no environment. */
import express, { type Express, type RequestHandler } from 'express';
import type { Callers } from './callers/callers.ts';
import type { ClaudeClient } from './claude/client.ts';
import type { Config } from './config/config.ts';
import { AppError } from './errors.ts';
import { authenticateCaller } from './http/authenticate-caller.ts';
import { batchRoutes } from './http/batch.ts';
import { bodyErrors, readBytes } from './http/body.ts';
import { accessLog, requestContext } from './http/context.ts';
import { countRefused, errorHandler, methodNotAllowed, notFound } from './http/error-handler.ts';
import { admit, type Gate } from './http/gate.ts';
import { type Health, healthRoutes, type Lifecycle } from './http/health.ts';
import { messageRoutes, modelRoutes } from './http/messages.ts';
import { createResponseWriter } from './http/write-response.ts';
import type { Redactor } from './privacy/redactor.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Recorder } from './telemetry/recorder.ts';

export interface AppDeps {
  readonly client: ClaudeClient;
  readonly health: Health;
  readonly recorder: Recorder;
  readonly redactor: Redactor;
  readonly callers: Callers;
  readonly gate: Gate;
  readonly logger: Logger;
  readonly config: Pick<Config, 'BODY_LIMIT_BYTES' | 'BATCH_MAX_ITEMS' | 'BATCH_CONCURRENCY'>;
  readonly lifecycle: Lifecycle;
  /** Checks the signatures of callers who must sign; undefined where none must. */
  readonly verify: RequestHandler | undefined;
  /** Told of each request that no caller's token came with. */
  readonly onUnauthenticated: () => void;
  /** Told of each correlation ID that could not be kept. */
  readonly onReplacedId: () => void;
}

const POST_PATHS = ['/v1/messages', '/v1/messages/count_tokens', '/v1/batch'];
const GET_PATHS = ['/v1/models', '/v1/models/:id', '/healthz', '/readyz'];

/** While the process drains, what is in flight goes on and nothing new begins. */
function refuseWhenDraining(lifecycle: Lifecycle): RequestHandler {
  return (_request, response, next) => {
    if (!lifecycle.draining) return next();
    response.setHeader('connection', 'close');
    next(new AppError('draining', 'this instance is shutting down'));
  };
}

export function createApp(deps: AppDeps): Express {
  const { client, gate, logger, config, lifecycle, recorder, redactor } = deps;
  const write = createResponseWriter(redactor);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestContext(deps));
  app.use(healthRoutes(deps.health, lifecycle));
  app.use(accessLog(logger));
  app.use(refuseWhenDraining(lifecycle));
  app.use(authenticateCaller(deps));
  const verify = deps.verify ? [deps.verify] : [];
  app.use('/v1/models', admit(gate), ...verify);
  app.use(modelRoutes(client, write));
  app.use(POST_PATHS, readBytes(config.BODY_LIMIT_BYTES), bodyErrors);
  // After the body is here, so that a slow sender holds no place, and before it is parsed.
  app.use('/v1/messages', admit(gate));
  // Behind the limits: a caller who is over his takes no nonce.
  if (deps.verify) app.use(POST_PATHS, deps.verify);
  app.use(messageRoutes(client, write));
  app.use(batchRoutes(client, gate, config, recorder, redactor));
  app.all(POST_PATHS, methodNotAllowed('POST', redactor));
  app.all(GET_PATHS, methodNotAllowed('GET', redactor));
  app.use(countRefused(recorder));
  app.use(notFound);
  app.use(errorHandler(logger, redactor));
  return app;
}

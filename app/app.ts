/** The Express app: one table of routes, and the middleware that each row asks for. */
import type { RequestListener } from 'node:http';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { AppError } from './errors.ts';
import { type BatchDeps, type BatchOptions, batch } from './http/batch.ts';
import { readBody } from './http/body.ts';
import { ByteBudget } from './http/byte-budget.ts';
import { accessLog, type ContextDeps, createContext, identify } from './http/context.ts';
import { errorHandler, recordRejections, refuseMethod } from './http/error-handler.ts';
import { alive, type Health, readiness } from './http/health.ts';
import type { Lifecycle } from './http/lifecycle.ts';
import { batchResults, createBatch, listBatches, oneBatch } from './http/message-batches.ts';
import { countTokens, messages } from './http/messages.ts';
import {
  type AuthenticateDeps,
  authenticate,
  type CheckHostDeps,
  checkHost,
  checkQuota,
  checkTarget,
  refuseWhenCut,
} from './http/middleware.ts';
import { getModel, listModels } from './http/models.ts';
import { createRespond } from './http/respond.ts';
import { createRouteTable } from './http/route-table.ts';
import type { Step } from './http/step.ts';
import { createResponseWriter } from './http/write-response.ts';
import type { Operation } from './telemetry/vocabulary.ts';

export interface AppDeps extends BatchDeps, AuthenticateDeps, CheckHostDeps, ContextDeps {
  readonly health: Health;
  readonly lifecycle: Lifecycle;
  /** Checks the signatures of callers that must sign. */
  readonly verify: Step;
}

export interface AppOptions {
  /** Largest request body, bytes. */
  readonly bodyLimit: number;
  /** Bytes of request bodies that are held at once. */
  readonly bodyBudget: number;
  readonly batch: BatchOptions;
}

interface Route {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  /** What its calls are counted as; health checks are not calls, and anybody may make them at any time. */
  readonly operation: Operation | undefined;
  /** Whether its body is read, as bytes. */
  readonly body: boolean;
}

// biome-ignore format: a table is read by its columns
const ROUTES = [
  { method: 'get', path: '/healthz', operation: undefined, body: false },
  { method: 'get', path: '/readyz', operation: undefined, body: false },
  { method: 'get', path: '/v1/models', operation: 'models', body: false },
  { method: 'get', path: '/v1/models/:id', operation: 'models', body: false },
  { method: 'post', path: '/v1/messages', operation: 'chat', body: true },
  { method: 'post', path: '/v1/messages/count_tokens', operation: 'count_tokens', body: true },
  { method: 'post', path: '/v1/messages/batches', operation: 'batches', body: true },
  { method: 'get', path: '/v1/messages/batches', operation: 'batches', body: false },
  { method: 'get', path: '/v1/messages/batches/:id', operation: 'batches', body: false },
  { method: 'delete', path: '/v1/messages/batches/:id', operation: 'batches', body: false },
  { method: 'post', path: '/v1/messages/batches/:id/cancel', operation: 'batches', body: false },
  { method: 'get', path: '/v1/messages/batches/:id/results', operation: 'batches', body: false },
  { method: 'post', path: '/v1/batch', operation: 'chat', body: true },
] as const satisfies readonly Route[];

type RouteName<R = (typeof ROUTES)[number]> = R extends Route
  ? `${R['method']} ${R['path']}`
  : never;
type Handlers = Readonly<Record<RouteName, Step>>;

function nameOf({ method, path }: (typeof ROUTES)[number]): RouteName {
  return `${method} ${path}` as RouteName;
}

function handlersOf(deps: AppDeps, options: AppOptions): Handlers {
  const respond = createRespond(deps, createResponseWriter(deps.redactor));
  return {
    'get /healthz': alive,
    'get /readyz': readiness(deps.health, deps.lifecycle),
    'get /v1/models': listModels(respond),
    'get /v1/models/:id': getModel(respond),
    'post /v1/messages': messages(respond),
    'post /v1/messages/count_tokens': countTokens(respond),
    'post /v1/messages/batches': createBatch(respond),
    'get /v1/messages/batches': listBatches(respond),
    'get /v1/messages/batches/:id': oneBatch(respond, 'GET'),
    'delete /v1/messages/batches/:id': oneBatch(respond, 'DELETE'),
    'post /v1/messages/batches/:id/cancel': oneBatch(respond, 'POST', '/cancel'),
    'get /v1/messages/batches/:id/results': batchResults(respond),
    'post /v1/batch': batch(deps, options.batch),
  };
}

/**
 * Lists what each route does with a request that has passed the checks. The quotas come first, so that a throttled
 * caller fills no memory and uses up no nonces. A slot is taken by the call itself: a slow upload occupies none,
 * and a refusal is recorded under its model.
 */
function stepsOf(deps: AppDeps, options: AppOptions) {
  const { bodyLimit: limitBytes, bodyBudget } = options;
  const handlers = handlersOf(deps, options);
  const quota = checkQuota(deps.quotas);
  const body = readBody({ limitBytes, budget: new ByteBudget(bodyBudget) });
  return ROUTES.map((route) => {
    const answer = handlers[nameOf(route)];
    const read = route.body ? [body] : [];
    const steps = route.operation ? [quota, ...read, deps.verify, answer] : [answer];
    return { ...route, steps };
  });
}

/** The service as one layer of Express: each layer costs a request more than most of the checks do. */
function serve(deps: AppDeps, options: AppOptions): RequestHandler {
  const find = createRouteTable(stepsOf(deps, options));
  const inContext = createContext(deps);
  const log = accessLog(deps.logger);
  const checks = [
    refuseWhenCut(deps.lifecycle),
    checkHost(deps),
    authenticate(deps),
    checkTarget(deps.onRefused),
  ];
  const answer: Step = (request, response) => {
    const found = find(request);
    const route = found?.rows.get(request.method);
    if (route && !route.operation) return run(route.steps, request, response);
    if (found) identify(response, found.path, found.any.operation);
    log(request, response);
    for (const check of checks) check(request, response);
    if (!found) throw new AppError('not_found', 'Not Found');
    request.params = found.params(request);
    if (!route) return refuseMethod(response, found.allowed, deps.redactor);
    return run(route.steps, request, response);
  };
  return (request, response) => inContext(request, response, () => answer(request, response));
}

async function run(steps: readonly Step[], request: Request, response: Response): Promise<void> {
  for (const step of steps) {
    const pending = step(request, response);
    if (pending) await pending;
  }
}

/** Does not listen, and does not read the environment. */
export function createApp(deps: AppDeps, options: AppOptions): RequestListener {
  const { logger, recorder, redactor } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(serve(deps, options), recordRejections(recorder), errorHandler(logger, redactor));
  return (request, response) =>
    app(request as Request, response as Response, () => {
      // Express passes a target that it cannot parse by all of the above. `*` is one that it can.
      request.url = '*';
      app(request, response);
    });
}

/** Anthropic's routes: messages, token counts and models, each one call of the client. */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { CallInput, ClaudeClient } from '../claude/client.ts';
import { AppError } from '../errors.ts';
import { parseJson } from './body.ts';
import { localsOf } from './context.ts';
import { deadlineOf, headersUp } from './headers.ts';
import { checkCountTokens, checkMessages } from './schemas.ts';
import type { WriteResponse } from './write-response.ts';

type Asked = Pick<CallInput, 'operation' | 'method' | 'url' | 'model' | 'stream'> & {
  body?: string;
};

/**
 * The target of the upstream's request: our own path with the caller's query. His path never goes
 * up as it came: a target in absolute form (RFC 9112, 3.2.2) would take our key to another host.
 */
function targetOf(path: string, request: Request): string {
  const query = request.url.indexOf('?');
  return query < 0 ? path : path + request.url.slice(query);
}

/** @throws {AppError} not_found: a dot segment would climb out of the path, even encoded */
function modelPath(id: string): string {
  if (id === '.' || id === '..') throw new AppError('not_found', 'no such model');
  return `/v1/models/${encodeURIComponent(id)}`;
}

/** One call, from what was asked to the last byte of the answer. */
async function answer(
  client: ClaudeClient,
  write: WriteResponse,
  request: Request,
  response: Response,
  asked: Asked,
): Promise<void> {
  const locals = localsOf(response);
  const { receivedAtMs, signal, caller } = locals;
  const headers = headersUp(request.headers);
  const deadline = deadlineOf(request.headers);
  const result = await client.call({
    ...asked,
    ...deadline,
    ...{ headers, receivedAtMs, signal },
    caller: caller.name,
    ownKeys: caller.ownKeys,
  });
  locals.tokens = result.tokens;
  await write(response, result);
}

/** @returns the router of `/v1/messages` and `/v1/messages/count_tokens` */
export function messageRoutes(client: ClaudeClient, write: WriteResponse): Router {
  type Read = { readonly model: string; readonly stream?: unknown };
  const post =
    (
      operation: Asked['operation'],
      path: string,
      check: (value: unknown) => Read,
    ): RequestHandler =>
    async (request, response) => {
      const { text: body, value } = parseJson(request);
      const { model, stream: wanted } = check(value);
      // A count is never streamed, whatever its body says.
      const stream = operation === 'chat' && wanted === true;
      const url = targetOf(path, request);
      const asked = { operation, method: 'POST', url, body, model, stream } as const;
      await answer(client, write, request, response, asked);
    };
  const route = (...of: Parameters<typeof post>) => [of[1], post(...of)] as const;
  return Router()
    .post(...route('chat', '/v1/messages', checkMessages))
    .post(...route('count_tokens', '/v1/messages/count_tokens', checkCountTokens));
}

/** @returns the router of `/v1/models` and `/v1/models/{id}`, which have no body */
export function modelRoutes(client: ClaudeClient, write: WriteResponse): Router {
  const ask = async (request: Request, response: Response, path: string, model: string) =>
    answer(client, write, request, response, {
      operation: 'models',
      method: 'GET',
      url: targetOf(path, request),
      model,
      stream: false,
    });
  return Router()
    .get('/v1/models', (request, response) => ask(request, response, '/v1/models', ''))
    .get('/v1/models/:id', (request, response) => {
      const { id } = request.params;
      return ask(request, response, modelPath(id), id);
    });
}

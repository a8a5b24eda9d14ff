/** Anthropic's routes: messages, token counts and models, each one call of the client. */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { CallInput, ClaudeClient } from '../claude/client.ts';
import { writeAnswer } from './answer.ts';
import { parseJson } from './body.ts';
import { localsOf } from './context.ts';
import { headersUp } from './headers.ts';
import { checkCountTokens, checkMessages } from './schemas.ts';

type Asked = Pick<CallInput, 'operation' | 'method' | 'url' | 'model' | 'stream'> & {
  body?: string;
};

/** One call, from what was asked to the last byte of the answer. */
async function answer(
  client: ClaudeClient,
  request: Request,
  response: Response,
  asked: Asked,
): Promise<void> {
  const { receivedAtMs, signal } = localsOf(response);
  const headers = headersUp(request.headers);
  const result = await client.call({ ...asked, headers, receivedAtMs, signal });
  await writeAnswer(response, result);
}

/** @returns the router of `/v1/messages` and `/v1/messages/count_tokens` */
export function messageRoutes(client: ClaudeClient): Router {
  type Read = { readonly model: string; readonly stream?: unknown };
  const post =
    (operation: Asked['operation'], check: (value: unknown) => Read): RequestHandler =>
    async (request, response) => {
      const { text: body, value } = parseJson(request);
      const { model, stream: wanted } = check(value);
      // A count is never streamed, whatever its body says.
      const stream = operation === 'chat' && wanted === true;
      const asked = { operation, method: 'POST', url: request.url, body, model, stream } as const;
      await answer(client, request, response, asked);
    };
  return Router()
    .post('/v1/messages', post('chat', checkMessages))
    .post('/v1/messages/count_tokens', post('count_tokens', checkCountTokens));
}

/** @returns the router of `/v1/models` and `/v1/models/{id}`, which have no body */
export function modelRoutes(client: ClaudeClient): Router {
  const ask = async (request: Request, response: Response, model: string) =>
    answer(client, request, response, {
      operation: 'models',
      method: 'GET',
      url: request.url,
      model,
      stream: false,
    });
  return Router()
    .get('/v1/models', (request, response) => ask(request, response, ''))
    .get('/v1/models/:id', (request, response) => ask(request, response, request.params.id));
}

/** The routes of Message Batches. */
import { Readable } from 'node:stream';
import { type Exchange, sendError, sendJson } from './exchange.ts';

const PATH = /^\/v1\/messages\/batches(?:\/([^/]+)(?:\/(cancel|results))?)?$/;

export function isBatchPath(path: string): boolean {
  return PATH.test(path);
}

type Handler = (exchange: Exchange, id: string, body: unknown) => object | string | undefined;

/** What each route answers: a body, or what is wrong with the request. */
const ROUTES: Readonly<Record<string, Handler>> = {
  POST: ({ state }, _id, body) => state.batches.create(body),
  GET: ({ state, request }) => {
    return state.batches.page(new URL(request.url ?? '', 'http://simulator').searchParams);
  },
  'GET id': ({ state }, id) => state.batches.get(id),
  'DELETE id': ({ state }, id) => state.batches.delete(id),
  'POST id cancel': ({ state }, id) => state.batches.cancel(id),
};

/** @param body of a POST, parsed */
export function handleBatches(exchange: Exchange, body: unknown): void {
  const { method } = exchange.request;
  const [, id, action = ''] = PATH.exec(exchange.path) ?? [];
  const route = `${method} ${id === undefined ? '' : 'id'} ${action}`.trim();
  const known = id === undefined || exchange.state.batches.get(id) !== undefined;
  const answer = known ? ROUTES[route]?.(exchange, id ?? '', body) : undefined;
  if (known && route === 'GET id results') sendResults(exchange, id ?? '');
  else if (answer === undefined) sendError(exchange, 404, 'not_found_error', 'Not Found');
  else if (typeof answer === 'string') sendError(exchange, 400, 'invalid_request_error', answer);
  else sendJson(exchange, 200, JSON.stringify(answer));
}

/** A list may be long, so that it is sent as it is read. */
function sendResults({ state, response }: Exchange, id: string): void {
  response.writeHead(200, { 'content-type': 'application/x-jsonl' });
  Readable.from(state.batches.results(id)).pipe(response);
}

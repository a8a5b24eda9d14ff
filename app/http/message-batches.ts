/**
 * Anthropic's Message Batches, as plain calls: a batch is kept and worked off by the upstream.
 * https://docs.anthropic.com/en/api/creating-message-batches
 */
import { AppError } from '../errors.ts';
import { parseJson } from './body.ts';
import type { Ask } from './call.ts';
import { targetOf } from './headers.ts';
import type { Respond } from './respond.ts';
import type { Step } from './step.ts';

const BATCHES = '/v1/messages/batches';
const ASK = { operation: 'batches', model: '', stream: false } as const satisfies Partial<Ask>;

export function createBatch(respond: Respond): Step {
  return (request, response) => {
    const { text: body } = parseJson(request, response);
    const url = targetOf(BATCHES, request);
    return respond(request, response, { ...ASK, method: 'POST', url, body }, withOwnUrls);
  };
}

export function listBatches(respond: Respond): Step {
  return (request, response) => {
    const url = targetOf(BATCHES, request);
    return respond(request, response, { ...ASK, method: 'GET', url }, withOwnUrls);
  };
}

/** @param action what follows the ID in the path, `/cancel` for instance */
export function oneBatch(respond: Respond, method: Ask['method'], action = ''): Step {
  return (request, response) => {
    const path = `${BATCHES}/${idOf(String(request.params['id']))}${action}`;
    const ask = { ...ASK, method, url: targetOf(path, request) };
    return respond(request, response, ask, withOwnUrls);
  };
}

/** A list of results may be hundreds of megabytes long, so that it is passed on line by line. */
export function batchResults(respond: Respond): Step {
  return (request, response) => {
    const path = `${BATCHES}/${idOf(String(request.params['id']))}/results`;
    const url = targetOf(path, request);
    return respond(request, response, { ...ASK, method: 'GET', url, stream: true, lines: true });
  };
}

const RESULTS_URL = /("results_url"\s*:\s*")https?:\/\/[^"]*?(\/v1\/messages\/batches\/[^"]*")/g;

/**
 * `results_url` names the upstream's host, where a caller's token is not valid and must not go. Clients resolve
 * the path against the address that they were given.
 */
function withOwnUrls(text: string): string {
  return text.replace(RESULTS_URL, '$1$2');
}

/** @throws {AppError} not_found: a dot segment would climb out of the path, even encoded */
function idOf(id: string): string {
  if (id === '.' || id === '..') throw new AppError('not_found', 'no such batch');
  return encodeURIComponent(id);
}

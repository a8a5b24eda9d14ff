/** `GET /v1/models` and `GET /v1/models/{id}`: calls without a body. */
import { AppError } from '../errors.ts';
import type { Ask } from './call.ts';
import { targetOf } from './headers.ts';
import type { Respond } from './respond.ts';
import type { Step } from './step.ts';

const ASK = { operation: 'models', method: 'GET', stream: false } as const satisfies Partial<Ask>;

export function listModels(respond: Respond): Step {
  return (request, response) => {
    const url = targetOf('/v1/models', request);
    return respond(request, response, { ...ASK, url, model: '' });
  };
}

export function getModel(respond: Respond): Step {
  return (request, response) => {
    const model = String(request.params['id']);
    const url = targetOf(modelPath(model), request);
    return respond(request, response, { ...ASK, url, model });
  };
}

/** @throws {AppError} not_found: a dot segment would climb out of the path, even encoded */
function modelPath(id: string): string {
  if (id === '.' || id === '..') throw new AppError('not_found', 'no such model');
  return `/v1/models/${encodeURIComponent(id)}`;
}

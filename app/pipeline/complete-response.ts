/** Reads a whole answer, the one parse that it gets; the caller is sent the upstream's own text. */

import { isTransient } from '../anthropic/errors.ts';
import { parseObject, readErrorType, readMessage } from '../anthropic/messages.ts';
import { type AnthropicErrorType, AppError, ERROR_STATUS } from '../errors.ts';
import type { CallRecord } from '../telemetry/recorder.ts';
import type { PipelineResponse } from './stage.ts';

/**
 * Tells the call what the answer says. An error inside a 200 becomes an answer of that error's status,
 * a proxy's page an error of the status that it came with.
 * @throws {AppError} bad_upstream_answer: no JSON object; retryable where its status says success
 */
export function readWhole(
  response: PipelineResponse,
  text: string,
  call: Pick<CallRecord, 'answer' | 'usage' | 'listens' | 'said'>,
): PipelineResponse {
  const { status } = response;
  const body = parseObject(text);
  if (!body) return withoutPage(response);
  if (status >= 300) return response;
  if (body['type'] === 'error') return asError(response, text);
  const { usage, ...facts } = readMessage(body);
  call.answer(facts);
  if (usage) call.usage(usage);
  if (call.listens) call.said(body['content']);
  return response;
}

/**
 * An error inside a 200 reads as what it is: an answer with the error's status.
 * @param body Anthropic's error, JSON text
 */
export function asError(response: PipelineResponse, body: string): PipelineResponse {
  const type = readErrorType(parseObject(body));
  return {
    status: isErrorType(type) ? ERROR_STATUS[type] : 500,
    headers: { ...response.headers, 'content-type': 'application/json' },
    data: body,
  };
}

function isErrorType(type: string): type is AnthropicErrorType {
  return Object.hasOwn(ERROR_STATUS, type);
}

/** The status says what can be done, the page nothing that a caller could read. */
function withoutPage(response: PipelineResponse): PipelineResponse {
  const { status } = response;
  const message = `the upstream answered ${status} with no JSON object`;
  if (!isTransient(status)) {
    throw new AppError('bad_upstream_answer', message, { retryable: status < 300 });
  }
  const type = Object.entries(ERROR_STATUS).find(([, known]) => known === status)?.[0];
  const error = { type: type ?? 'api_error', message };
  const headers = { ...response.headers, 'content-type': 'application/json' };
  return { status, headers, data: JSON.stringify({ type: 'error', error }) };
}

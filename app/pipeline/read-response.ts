/**
 * Stage: reads a response before it is passed on, so that a failure until then can still be retried.
 * A complete response is parsed once; a stream is buffered until its first content, then it flows.
 */
import { errorTypeOfStatus, isTransient, statusOfErrorType } from '../anthropic/errors.ts';
import { parseObject, readErrorType, readMessage, readUsage } from '../anthropic/messages.ts';
import { AppError } from '../errors.ts';
import { outcomeOfStatus } from '../outcome.ts';
import type { Clock } from '../time/clock.ts';
import { LinkedAbort } from '../time/linked-abort.ts';
import type { PipelineRequest, PipelineResponse, Stage } from './stage.ts';
import { StreamReader } from './stream-reader.ts';

/**
 * The time limit of a stream ends with its first event, of whatever kind: from then on the upstream is
 * at work.
 * @param firstEventTimeoutMs of a stream, from the request to its first event
 * @throws {AppError} timeout, network_error or truncated, all retryable, before a stream's first
 *   content; bad_upstream_response
 */
export function readResponse(
  firstEventTimeoutMs: number,
  { clock }: { readonly clock: Pick<Clock, 'now'> },
): Stage {
  const onTimeout = () =>
    new AppError('timeout', `no event from the upstream within ${firstEventTimeoutMs} ms`, {
      retryable: true,
    });
  return async function readResponse(request, next) {
    if (!request.stream) return readComplete(await next(request), request);
    const limit = new LinkedAbort(request.signal, { timeoutMs: firstEventTimeoutMs, onTimeout });
    try {
      const response = await next({ ...request, signal: limit.signal });
      if (typeof response.data !== 'string') {
        return await readStream(response, new StreamReader(response.data, request, limit, clock));
      }
      limit[Symbol.dispose]();
      return readComplete(response, request);
    } catch (error) {
      limit[Symbol.dispose]();
      throw error;
    }
  };
}

/**
 * Records what the response says. An error inside a 200 becomes a response of that error's status, a
 * proxy's page an error of the status that it came with.
 * @throws {AppError} bad_upstream_response: not a JSON object; retryable where its status says success
 */
function readComplete(
  response: PipelineResponse,
  { call, state }: PipelineRequest,
): PipelineResponse {
  const { status, data } = response;
  if (typeof data !== 'string') return response;
  const body = parseObject(data);
  if (!body) return withoutPage(response);
  if (status >= 300) return response;
  if (body['type'] === 'error') return asError(response, data);
  call.setResponse(readMessage(body));
  const usage = readUsage(body['usage']);
  if (usage) state.addUsage(usage);
  if (call.capturesContent) call.recordOutput(body['content']);
  return response;
}

async function readStream(
  response: PipelineResponse,
  reader: StreamReader,
): Promise<PipelineResponse> {
  const beginning = await reader.buffer();
  if (beginning === 'content') {
    return { ...response, data: reader.replay(), outcome: reader.outcome };
  }
  if (beginning === 'error') return asError(response, reader.errorBody);
  throw new AppError('truncated', 'the stream ended before any content', { retryable: true });
}

/**
 * Turns an error inside a 200 into a response with the error's status.
 * @param body Anthropic's error, JSON text
 */
function asError(response: PipelineResponse, body: string): PipelineResponse {
  const status = statusOfErrorType(readErrorType(parseObject(body)));
  return {
    status,
    headers: { ...response.headers, 'content-type': 'application/json' },
    data: body,
    outcome: Promise.resolve(outcomeOfStatus(status)),
  };
}

/** Keeps the status, which decides retries, and replaces a proxy's HTML by an API error. */
function withoutPage(response: PipelineResponse): PipelineResponse {
  const { status } = response;
  const message = `the upstream answered ${status} without a JSON object`;
  if (!isTransient(status)) {
    throw new AppError('bad_upstream_response', message, { retryable: status < 300 });
  }
  const error = { type: errorTypeOfStatus(status), message };
  const headers = { ...response.headers, 'content-type': 'application/json' };
  return { ...response, headers, data: JSON.stringify({ type: 'error', error }) };
}

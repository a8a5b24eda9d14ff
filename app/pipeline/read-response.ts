/**
 * Stage: reads a response before it is passed on, so that a failure until then can still be retried.
 * A complete response is parsed once; a stream is buffered until its first content, then it flows.
 */
import { type ApiError, codeOf, inApiForm, readApiError } from '../anthropic/account-errors.ts';
import { errorTypeOfStatus, statusOfErrorType } from '../anthropic/errors.ts';
import { MessageStream } from '../anthropic/message-stream.ts';
import { parseObject, readMessage } from '../anthropic/messages.ts';
import { readModels } from '../anthropic/models.ts';
import { SseParser } from '../anthropic/sse.ts';
import { UsageReader } from '../anthropic/usage-reader.ts';
import { AppError } from '../errors.ts';
import { outcomeOfApiError } from '../outcome.ts';
import { LinkedAbort } from '../time/linked-abort.ts';
import { BatchResults } from './batch-results.ts';
import { LinesReader } from './lines-reader.ts';
import { recordUsage } from './record-usage.ts';
import type { PipelineRequest, PipelineResponse, Stage } from './stage.ts';
import { StreamReader } from './stream-reader.ts';

/** No error of the API comes near it: a longer one is a page, and redacting it would take time. */
const MAX_ERROR_CHARS = 256 * 1024;
/** Statuses of final responses: https://www.rfc-editor.org/rfc/rfc9110#section-15 */
const MIN_STATUS = 200;
const MAX_STATUS = 599;
/** An answer of the API has content, and a caller's parser would wait for it. */
const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);

/** How long an attempt at a stream may bring no event, milliseconds. */
export interface StreamLimits {
  /** From the request to the first event, of whatever kind: from then on the upstream is at work. */
  readonly firstEventTimeoutMs: number;
  /** From one event to the next. */
  readonly silenceMs: number;
}

/** The API sends a `ping` where nothing else is to be said, so whoever sends nothing for so long is gone. */
export const STREAM_DEFAULTS = { silenceMs: 60_000 } satisfies Partial<StreamLimits>;

/**
 * @throws {AppError} timeout, network_error or truncated, all retryable, before a stream's first
 *   content; bad_upstream_response
 */
export function readResponse({ firstEventTimeoutMs, silenceMs }: StreamLimits): Stage {
  const results = new BatchResults();
  return async function readResponse(request, next) {
    if (!request.stream) return readComplete(await next(request), request);
    const onTimeout = () => silentError(request, firstEventTimeoutMs);
    const limit = new LinkedAbort(request.signal, { timeoutMs: firstEventTimeoutMs, onTimeout });
    try {
      const response = await next({ ...request, signal: limit.signal });
      if (typeof response.data !== 'string') {
        if (request.lines) {
          const read = results.reader(request);
          const reader = new LinesReader(response.data, request, limit, { silenceMs, read });
          return await readLines(response, reader);
        }
        const reader = new StreamReader(response.data, request, limit, silenceMs);
        return await readStream(response, reader, request);
      }
      limit[Symbol.dispose]();
      return readComplete(response, request);
    } catch (error) {
      limit[Symbol.dispose]();
      throw error;
    }
  };
}

function silentError({ lines }: PipelineRequest, timeoutMs: number): AppError {
  const message = `no ${lines ? 'result' : 'event'} from the upstream within ${timeoutMs} ms`;
  return new AppError('timeout', message, { retryable: true });
}

/**
 * Records what the response says. An error inside a 200 becomes a response of that error's status, a
 * proxy's page an error of the status that it came with.
 * @throws {AppError} bad_upstream_response: not an error, and not a JSON object either; retryable where its
 *   status says success
 */
function readComplete(response: PipelineResponse, request: PipelineRequest): PipelineResponse {
  const { status, data } = response;
  if (typeof data !== 'string') return response;
  if (status < MIN_STATUS || status > MAX_STATUS || WITHOUT_CONTENT.has(status))
    return failed(badStatus(response), undefined, request);
  const body = status >= 300 && data.length > MAX_ERROR_CHARS ? undefined : parseObject(data);
  if (status >= 400) {
    return body
      ? failed(inForm(response, data, body), readApiError(body), request)
      : failed(withoutPage(response), undefined, request);
  }
  if (!body) throw isEvents(response) ? unaskedStream(data, request) : notJson(status);
  if (status >= 300) return response;
  if (body['type'] === 'error') return asError(response, data, request);
  const { call } = request;
  const facts = readMessage(body);
  call.setResponse(facts);
  if (request.method === 'GET') call.setModels(readModels(body).models);
  if (body['type'] === 'message' || body['usage'] !== undefined) {
    const usage = new UsageReader();
    usage.read(body['usage']);
    recordUsage(request, usage.report({ model: request.model, ...facts }));
  }
  if (call.capturesContent) call.recordOutput(body['content']);
  return response;
}

async function readStream(
  response: PipelineResponse,
  reader: StreamReader,
  request: PipelineRequest,
): Promise<PipelineResponse> {
  const beginning = await reader.buffer();
  if (beginning === 'content') {
    return { ...response, data: reader.replay(), outcome: reader.outcome };
  }
  if (beginning === 'error') return asError(response, reader.errorBody, request);
  throw new AppError('truncated', 'the stream ended before any content', { retryable: true });
}

/** A list that names no type is not taken for events on its way down. */
async function readLines(
  response: PipelineResponse,
  reader: LinesReader,
): Promise<PipelineResponse> {
  await reader.begin();
  const headers = { 'content-type': 'application/x-jsonl', ...response.headers };
  return { ...response, headers, data: reader.replay(), outcome: reader.outcome };
}

/** @param error what the upstream says; undefined for a page, which the API did not write */
function failed(
  response: Omit<PipelineResponse, 'outcome'>,
  error: ApiError | undefined,
  request: PipelineRequest,
): PipelineResponse {
  if (error) request.attempt?.setErrorCode(codeOf(error, response.status, request));
  const failure = outcomeOfApiError(response.status, error, request);
  return { ...response, failure, outcome: failure };
}

/**
 * Turns an error inside a 200 into a response with the error's status.
 * @param text Anthropic's error, JSON
 */
function asError(
  { headers }: PipelineResponse,
  text: string,
  request: PipelineRequest,
): PipelineResponse {
  const body = parseObject(text) ?? {};
  const error = readApiError(body);
  const status = statusOfErrorType(error.type);
  const sent =
    text.length > MAX_ERROR_CHARS
      ? withoutPage({ status, headers })
      : jsonError(status, headers, inApiForm(text, body, status));
  return failed(sent, error, request);
}

/** A gateway's own JSON gets the form that every client of the API reads. */
function inForm(
  response: PipelineResponse,
  text: string,
  body: Readonly<Record<string, unknown>>,
): Omit<PipelineResponse, 'outcome'> {
  const { status, headers } = response;
  const data = inApiForm(text, body, status);
  return data === text ? response : jsonError(status, headers, data);
}

/** A status that HTTP does not have for an answer cannot be passed on: it is a gateway's failure. */
function badStatus({ status, headers }: PipelineResponse): Omit<PipelineResponse, 'outcome'> {
  const message = `the upstream answered with the status ${status}`;
  const error = { type: 'api_error', message };
  return jsonError(502, headers, JSON.stringify({ type: 'error', error }));
}

/** Keeps the status, which decides retries, and replaces a proxy's HTML by an API error. */
function withoutPage({
  status,
  headers,
}: Pick<PipelineResponse, 'status' | 'headers'>): Omit<PipelineResponse, 'outcome'> {
  const { message } = notJson(status);
  const error = { type: errorTypeOfStatus(status), message };
  return jsonError(status, headers, JSON.stringify({ type: 'error', error }));
}

function jsonError(
  status: number,
  headers: PipelineResponse['headers'],
  data: string,
): Omit<PipelineResponse, 'outcome'> {
  return { status, headers: { ...headers, 'content-type': 'application/json' }, data };
}

function isEvents({ headers }: PipelineResponse): boolean {
  return /^text\/event-stream\b/i.test(headers['content-type'] ?? '');
}

/** Records what a stream has used that nobody asked for. @returns the error, not retryable: it was paid for */
function unaskedStream(text: string, request: PipelineRequest): AppError {
  const { call } = request;
  const message = new MessageStream({
    setResponse: (facts) => call.setResponse(facts),
    capturesContent: false,
    recordChunk() {},
    recordFirstText() {},
    recordOutput() {},
  });
  for (const event of new SseParser().push(Buffer.from(text))) message.read(event);
  recordUsage(request, message.usageReport(request.model));
  return new AppError('bad_upstream_response', 'the upstream sent a stream in place of an answer');
}

function notJson(status: number): AppError {
  const message = `the upstream answered ${status} without a JSON object`;
  return new AppError('bad_upstream_response', message, { retryable: status < 300 });
}

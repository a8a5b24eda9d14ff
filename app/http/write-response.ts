/** Writes an upstream's response to the caller: complete with its timing, or streamed as it comes. */
import type { Response } from 'express';
import { createEvent, type EventStream } from '../anthropic/sse.ts';
import type { CallResult } from '../claude/client.ts';
import { errorBody, toAppError } from '../errors.ts';
import { whenEnded } from '../pipeline/attempt.ts';
import { redactEvents } from '../privacy/redact-events.ts';
import type { Redactor } from '../privacy/redactor.ts';
import { localsOf, ownHeaders } from './context.ts';
import { headersDown } from './headers.ts';
import { endWithText, writeBytes } from './write-body.ts';

/** What `http` accepts: https://www.rfc-editor.org/rfc/rfc9110#section-5 */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const NOT_IN_HEADERS = /[^\t\x20-\x7e\x80-\xff]/;

/** Resolves when the last byte is written, or the caller has gone away. */
export type WriteResponse = (response: Response, result: CallResult) => void | Promise<void>;

/** @param redactor hides secrets that upstreams quote in their errors, our key for instance */
export function createResponseWriter(redactor: Redactor): WriteResponse {
  return function writeResponse(response, result) {
    const { data } = result;
    return typeof data === 'string'
      ? writeComplete(response, result, data, redactor)
      : writeStream(response, result, data, redactor);
  };
}

async function writeStream(
  response: Response,
  result: CallResult,
  data: EventStream,
  redactor: Redactor,
): Promise<void> {
  let isEvents: boolean;
  try {
    isEvents = writeStreamHead(response, result, redactor);
  } catch (error) {
    // Nobody will read the stream, so that the caller's signal must end it.
    response.destroy();
    throw error;
  }
  try {
    await writeEvents(response, result, data, redactor);
  } catch (thrown) {
    endBroken(response, thrown, isEvents, redactor);
  }
}

/** https://www.w3.org/TR/server-timing/, milliseconds */
function serverTiming({ timing }: CallResult): string {
  const { upstreamMs, overheadMs } = timing();
  return `upstream;dur=${upstreamMs.toFixed(3)}, overhead;dur=${overheadMs.toFixed(3)}`;
}

/** What a complete answer is, whatever its upstream calls it: no browser may take what a caller wrote for a page. */
function jsonType(sent: Readonly<Record<string, string>>): string {
  const type = sent['content-type'] ?? '';
  return /^application\/json\b/i.test(type) ? type : 'application/json';
}

/** Headers that Node would refuse to send are left out, and so is one that has a secret in its name. */
function headersOf({ headers }: CallResult, redactor: Redactor): Record<string, string> {
  const down = headersDown(headers);
  // A look at all of them together costs a tenth of a look at each.
  let all = '';
  for (const name in down) {
    const value = down[name] ?? '';
    if (!HEADER_NAME.test(name) || NOT_IN_HEADERS.test(value)) delete down[name];
    else all += `${name}\n${value}\n`;
  }
  return redactor.secrets(all) === all ? down : withoutSecrets(down, redactor);
}

function withoutSecrets(
  headers: Readonly<Record<string, string>>,
  redactor: Redactor,
): Record<string, string> {
  const clean = Object.entries(headers)
    .filter(([name]) => redactor.secrets(name) === name)
    .map(([name, value]) => [name, redactor.secrets(value)]);
  return Object.fromEntries(clean);
}

function writeComplete(
  response: Response,
  result: CallResult,
  text: string,
  redactor: Redactor,
): void | Promise<void> {
  const headers = headersOf(result, redactor);
  response.writeHead(result.status, {
    ...ownHeaders(response),
    ...headers,
    'content-type': jsonType(headers),
    'content-length': Buffer.byteLength(text),
    'server-timing': serverTiming(result),
  });
  return endWithText(response, text);
}

/** @returns whether it announces events, and not a list of results */
function writeStreamHead(response: Response, result: CallResult, redactor: Redactor): boolean {
  const headers = {
    ...ownHeaders(response),
    'content-type': 'text/event-stream; charset=utf-8',
    ...headersOf(result, redactor),
    'cache-control': 'no-cache',
    // nginx reads this: a proxy must not buffer the stream.
    'x-accel-buffering': 'no',
  };
  response.writeHead(result.status, headers);
  response.flushHeaders();
  // The call is over but the client is not reading: drop the connection to free its slot.
  whenEnded(result, () => {
    if (response.writableNeedDrain) response.destroy();
  });
  response.socket?.setNoDelay(true);
  return headers['content-type'].startsWith('text/event-stream');
}

async function writeEvents(
  response: Response,
  { callerWait }: CallResult,
  events: EventStream,
  redactor: Redactor,
): Promise<void> {
  for await (const batch of events) {
    if (response.destroyed) return;
    // Waiting for a slow reader slows the upstream down and costs no memory.
    const slow = writeBytes(response, redactEvents(batch, redactor), callerWait);
    if (slow) await slow;
  }
  response.end();
}

/** The headers are out, so the error goes as an event, which the official SDKs throw. */
function endBroken(
  response: Response,
  thrown: unknown,
  isEvents: boolean,
  redactor: Redactor,
): void {
  if (response.destroyed) return;
  // A list of results has no place for an error: whoever reads it sees that it ends too soon.
  if (!isEvents) return void response.destroy();
  const error = toAppError(thrown);
  const body = JSON.stringify(errorBody(error, localsOf(response).correlationId, redactor.text));
  response.end(createEvent('error', body).raw);
}

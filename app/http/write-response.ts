/** Writes an upstream's response to the caller: complete with its timing, or streamed as it comes. */
import { once } from 'node:events';
import type { Response } from 'express';
import { bytesOf, createEvent, type EventStream } from '../anthropic/sse.ts';
import type { CallResult } from '../claude/client.ts';
import { errorBody, toAppError } from '../errors.ts';
import { whenEnded } from '../pipeline/attempt.ts';
import { redactEvent } from '../privacy/redact-event.ts';
import type { Redactor } from '../privacy/redactor.ts';
import { localsOf } from './context.ts';
import { headersDown } from './headers.ts';

/** How long a client may read nothing of a response that is ready, milliseconds. */
const STALL_MS = 30_000;

/** Resolves when the last byte is written, or the caller has gone away. */
export type WriteResponse = (response: Response, result: CallResult) => Promise<void>;

/** @param redactor hides secrets that upstreams quote in their errors, our key for instance */
export function createResponseWriter(redactor: Redactor): WriteResponse {
  return async function writeResponse(response, result) {
    if (typeof result.data === 'string')
      return writeComplete(response, result, result.data, redactor);
    writeStreamHead(response, result);
    await writeEvents(response, result, result.data, redactor);
  };
}

/** https://www.w3.org/TR/server-timing/, milliseconds */
function serverTiming({ timing }: CallResult): string {
  const { upstreamMs, overheadMs } = timing();
  return `upstream;dur=${upstreamMs.toFixed(3)}, overhead;dur=${overheadMs.toFixed(3)}`;
}

function writeComplete(
  response: Response,
  result: CallResult,
  text: string,
  redactor: Redactor,
): void {
  const headers = headersDown(result.headers);
  response.writeHead(result.status, { ...headers, 'server-timing': serverTiming(result) });
  response.end(result.status < 400 ? text : redactor.line(text).trimEnd());
  // Most responses fit the socket's buffer and need no timer.
  if (response.writableLength > 0) response.setTimeout(STALL_MS, () => response.destroy());
}

function writeStreamHead(response: Response, result: CallResult): void {
  response.writeHead(result.status, {
    ...headersDown(result.headers),
    'cache-control': 'no-cache',
    // nginx reads this: a proxy must not buffer the stream.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  // The call is over but the client is not reading: drop the connection to free its slot.
  whenEnded(result, () => {
    if (response.writableNeedDrain) response.destroy();
  });
  response.socket?.setNoDelay(true);
}

async function writeEvents(
  response: Response,
  { callerWait }: CallResult,
  events: EventStream,
  redactor: Redactor,
): Promise<void> {
  try {
    for await (const batch of events) {
      if (response.destroyed) return;
      const bytes = bytesOf(batch.map((event) => redactEvent(event, redactor)));
      if (bytes.length > 0 && !response.write(bytes)) await drained(response, callerWait);
    }
    response.end();
  } catch (thrown) {
    endBroken(response, thrown, redactor);
  }
}

/** Waits for a slow reader, which slows the upstream down and costs no memory. */
async function drained(response: Response, callerWait: CallResult['callerWait']): Promise<void> {
  const { signal } = localsOf(response);
  callerWait.start();
  await once(response, 'drain', { signal }).catch(() => {});
  callerWait.stop();
}

/** The headers are out, so the error goes as an event, which the official SDKs throw. */
function endBroken(response: Response, thrown: unknown, redactor: Redactor): void {
  if (response.destroyed) return;
  const error = toAppError(thrown);
  const body = JSON.stringify(errorBody(error, localsOf(response).correlationId, redactor.text));
  response.end(createEvent('error', body).raw);
}

/** Writes an upstream's answer to the caller: whole with its timing, or streamed as it comes. */
import { once } from 'node:events';
import type { Response } from 'express';
import type { CallResult } from '../claude/client.ts';
import { errorBody, redactError, toAppError } from '../errors.ts';
import { createErrorCleaner } from './clean-errors.ts';
import { localsOf } from './context.ts';
import { headersDown } from './headers.ts';

/** https://www.w3.org/TR/server-timing/, milliseconds. */
function serverTiming({ timing }: CallResult): string {
  const { upstreamMs, overheadMs } = timing();
  return `upstream;dur=${upstreamMs.toFixed(3)}, overhead;dur=${overheadMs.toFixed(3)}`;
}

/** How long a reader may take nothing of an answer that is ready, milliseconds. */
const STALL_MS = 30_000;

/** Resolves when the last byte is out, or the caller has gone. */
export async function writeAnswer(response: Response, result: CallResult): Promise<void> {
  const headers = headersDown(result.headers);
  if (typeof result.data === 'string') {
    response.writeHead(result.status, { ...headers, 'server-timing': serverTiming(result) });
    response.end(result.status < 400 ? result.data : redactError(result.data));
    // Most are out at once.
    if (response.writableLength > 0) response.setTimeout(STALL_MS, () => response.destroy());
    return;
  }
  response.writeHead(result.status, {
    ...headers,
    'cache-control': 'no-cache',
    // Proxies in front of us must not gather the stream: nginx reads this.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  // It has ended while its reader does not read: the call's time is up, and his place is wanted.
  void result.ended?.then(() => response.writableNeedDrain && response.destroy());
  response.socket?.setNoDelay(true);
  await writeStream(response, result.data);
}

async function writeStream(response: Response, data: AsyncIterable<Uint8Array>): Promise<void> {
  const cleaner = createErrorCleaner();
  try {
    for await (const chunk of data) {
      if (response.destroyed) return;
      const clean = cleaner.push(chunk);
      if (clean.length > 0 && !response.write(clean)) await drained(response);
    }
    response.end(cleaner.rest());
  } catch (thrown) {
    response.write(cleaner.rest());
    endBroken(response, thrown);
  }
}

/** A slow reader holds the upstream back, not our memory. */
async function drained(response: Response): Promise<void> {
  const { signal } = localsOf(response);
  await once(response, 'drain', { signal }).catch(() => {});
}

/** The headers are out, so the error goes as an event, which the official SDKs throw. */
function endBroken(response: Response, thrown: unknown): void {
  if (response.destroyed) return;
  const error = toAppError(thrown);
  const body = JSON.stringify(errorBody(error, localsOf(response).correlationId));
  response.end(`event: error\ndata: ${body}\n\n`);
}
